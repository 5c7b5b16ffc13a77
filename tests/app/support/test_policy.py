"""The decision itself, over roles, subjects and clock ends."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.errors import ErrorCode
from app.support.model import Subject, SupportRequest, SupportRequestStatus, request_at, status_at
from app.support.policy import Allowed, Denied, decide
from auth.principal import ANONYMOUS, Principal, Role
from tests.app.support.people import (
    ABOUT_COLLEAGUE,
    ABOUT_COMPANY,
    ABOUT_PERSON,
    ACCESS,
    ADMIN,
    AGENT,
    LEAD,
    LIFE,
    NOON,
    OFFICER,
    OTHER_AGENT,
    PERSON,
    request_about,
    taken_request,
)

SECOND = timedelta(seconds=1)
ELSEWHERE = Subject("PERSON ELSEWHERE", "OTHER COMPANY")


def is_open(principal: Principal, request: SupportRequest, subject: Subject = ABOUT_PERSON) -> bool:
    """Return whether one request opens a subject to a caller at noon."""
    return isinstance(decide(principal, [request], subject, NOON, "request"), Allowed)


@pytest.mark.parametrize(
    ("about", "opened"),
    [
        (ABOUT_PERSON, {ABOUT_PERSON, ABOUT_COMPANY}),
        (ABOUT_COMPANY, {ABOUT_COMPANY, ABOUT_PERSON, ABOUT_COLLEAGUE}),
        (Subject("PERSON", None), {ABOUT_PERSON}),
    ],
)
def test_request_opens_its_subject_and_nobody_else(about: Subject, opened: set[Subject]) -> None:
    """About a person: that person and their company; about a company: it and its people."""
    everybody = {ABOUT_PERSON, ABOUT_COLLEAGUE, ABOUT_COMPANY, ELSEWHERE, Subject(None, "OTHER COMPANY")}
    everybody |= {Subject(None, None), Subject("CLAIM", None)}
    assert {subject for subject in everybody if is_open(AGENT, taken_request(about), subject)} == opened


@pytest.mark.parametrize("caller", [ANONYMOUS, PERSON, ADMIN, OFFICER, *(Principal("x", frozenset({r})) for r in Role)])
def test_only_support_roles_can_open(caller: Principal) -> None:
    """A request in the name of the caller opens nothing unless this token holds a support role."""
    may = bool(caller.roles & {Role.SUPPORT, Role.SUPPORT_LEAD})
    decision = decide(caller, [taken_request(ABOUT_PERSON, caller)], ABOUT_PERSON, NOON, "request")
    assert isinstance(decision, Allowed) is may
    if isinstance(decision, Denied):
        assert decision.code is ErrorCode.FORBIDDEN
        assert "support role" in decision.needs


@pytest.mark.parametrize(
    "request_",
    [
        request_about(ABOUT_PERSON),
        taken_request(ABOUT_PERSON, OTHER_AGENT),
        taken_request(ABOUT_PERSON, at=NOON - ACCESS),
        {**taken_request(ABOUT_PERSON), "expiresAt": NOON},
        {**taken_request(ABOUT_PERSON), "status": "CLOSED"},
    ],
    ids=["not taken", "taken by another", "access over", "expired", "closed"],
)
def test_support_without_a_taken_request_learns_what_it_needs(request_: SupportRequest) -> None:
    """The refusal carries the code and a sentence that names the way."""
    decision = decide(AGENT, [request_], ABOUT_PERSON, NOON, "request")
    assert isinstance(decision, Denied)
    assert decision.code is ErrorCode.SUPPORT_REQUEST_REQUIRED
    assert "takeSupportRequest" in decision.needs


def test_access_ends_to_the_millisecond() -> None:
    """A request taken 8 hours ago is over; a millisecond earlier it is not."""
    begun = NOON - ACCESS
    assert not is_open(AGENT, taken_request(ABOUT_PERSON, at=begun))
    assert is_open(AGENT, taken_request(ABOUT_PERSON, at=begun + timedelta(milliseconds=1)))


def test_token_that_has_run_out_opens_nothing() -> None:
    """A long operation or stream loses its access with its token."""
    decision = decide(replace(AGENT, expires_at=NOON), [taken_request(ABOUT_PERSON)], ABOUT_PERSON, NOON, "request")
    assert isinstance(decision, Denied)
    assert is_open(replace(AGENT, expires_at=NOON + SECOND), taken_request(ABOUT_PERSON))


def test_role_mode_asks_for_the_role_only() -> None:
    """`SUPPORT_ACCESS=role` drops the request, not the role."""
    assert isinstance(decide(LEAD, [], ABOUT_PERSON, NOON, "role"), Allowed)
    assert isinstance(decide(OFFICER, [], ABOUT_PERSON, NOON, "role"), Denied)


@pytest.mark.parametrize("opened_by", ["SUBJECT", "COMPANY_ADMIN", "STAFF"])
def test_receipt_reason_tells_who_opened_the_request_and_none_of_their_words(opened_by: str) -> None:
    """A receipt outlives an erasure; whoever reads it sees whether the vendor's staff asked for themselves."""
    request = {**taken_request(ABOUT_PERSON), "ticket": "of Jane", "reason": "Jane", "openedBy": opened_by}
    decision = decide(AGENT, [request], ABOUT_PERSON, NOON, "request")
    assert decision.reason == f"A support request is taken (opened by {opened_by})."


@pytest.mark.parametrize(
    ("after", "status"),
    [
        (timedelta(0), SupportRequestStatus.TAKEN),
        (ACCESS, SupportRequestStatus.OPEN),
        (LIFE - SECOND, SupportRequestStatus.OPEN),
        (LIFE, SupportRequestStatus.EXPIRED),
    ],
)
def test_status_follows_the_clock(after: timedelta, status: SupportRequestStatus) -> None:
    """Taken, then open again after 8 hours, expired after 7 days, with no job."""
    request = taken_request(ABOUT_PERSON)
    assert status_at(request, NOON + after) is status
    assert (request_at(request, NOON + after)["takenBy"] is None) is (status is SupportRequestStatus.OPEN)


def test_closed_stays_closed() -> None:
    """A closed request neither opens again nor expires."""
    closed = {**taken_request(ABOUT_PERSON), "status": "CLOSED"}
    assert status_at(closed, NOON + 10 * LIFE) is SupportRequestStatus.CLOSED
