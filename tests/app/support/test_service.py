"""Taking, releasing, closing and listing, for each side."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.database.pages import PageRequest
from app.errors import AppError, ErrorCode
from app.support.model import SupportRequest, SupportRequestStatus
from app.support.service import SupportService
from app.support.store import insert_request
from auth.principal import ANONYMOUS, Principal, Role
from tests.app.support.people import (
    ABOUT_COMPANY,
    ABOUT_PERSON,
    ACCESS,
    ADMIN,
    AGENT,
    COLLEAGUE,
    LEAD,
    LIFE,
    NOON,
    OFFICER,
    OTHER_ADMIN,
    OTHER_AGENT,
    PERSON,
    request_about,
)

MINUTE = timedelta(minutes=1)
ALL = PageRequest(100)


@pytest.fixture
async def request_(service: SupportService) -> SupportRequest:
    """Store an open request about PERSON."""
    request = request_about(ABOUT_PERSON)
    await insert_request(service.database, request)
    return request


async def code_and_needs(attempt: object) -> tuple[ErrorCode, bool]:
    """Return the code of a refused attempt, and whether it says what it needs."""
    with pytest.raises(AppError) as raised:
        await attempt  # type: ignore[misc]
    return raised.value.code, bool(raised.value.details.get("needs"))


async def test_agent_takes_an_open_request_for_eight_hours(service: SupportService, request_: SupportRequest) -> None:
    """The taker and the end of access are noted; taking again changes nothing."""
    taken = await service.take(AGENT, request_["_id"], NOON + MINUTE)
    assert (taken["status"], taken["takenBy"], taken["accessEndsAt"]) == (
        "TAKEN",
        AGENT.subject,
        NOON + MINUTE + ACCESS,
    )
    assert await service.take(AGENT, request_["_id"], NOON + 2 * MINUTE) == taken


async def test_access_never_outlives_the_request(service: SupportService, request_: SupportRequest) -> None:
    """Taken an hour before the seven days are over, access ends with them."""
    taken = await service.take(AGENT, request_["_id"], NOON + LIFE - timedelta(hours=1))
    assert taken["accessEndsAt"] == NOON + LIFE


async def test_second_agent_learns_who_has_it(service: SupportService, request_: SupportRequest) -> None:
    """The refusal names the agent and the end of access, and says what is needed."""
    await service.take(AGENT, request_["_id"], NOON)
    with pytest.raises(AppError) as raised:
        await service.take(OTHER_AGENT, request_["_id"], NOON)
    assert raised.value.code is ErrorCode.FORBIDDEN
    assert raised.value.details["takenBy"] == AGENT.subject
    assert "released" in str(raised.value.details["needs"])


@pytest.mark.parametrize("after", [ACCESS, ACCESS + MINUTE])
async def test_request_may_be_taken_again_after_its_access(
    service: SupportService, request_: SupportRequest, after: timedelta
) -> None:
    """Once access is over the request is open again, for anybody, with no job run."""
    await service.take(AGENT, request_["_id"], NOON)
    assert (await service.take(OTHER_AGENT, request_["_id"], NOON + after))["takenBy"] == OTHER_AGENT.subject


async def test_closed_or_expired_request_cannot_be_taken(service: SupportService, request_: SupportRequest) -> None:
    """What is over stays over, and the refusal says to open a new one."""
    expired = service.take(AGENT, request_["_id"], NOON + LIFE)
    assert await code_and_needs(expired) == (ErrorCode.FORBIDDEN, True)
    await service.close(PERSON, request_["_id"], NOON)
    assert await code_and_needs(service.take(AGENT, request_["_id"], NOON)) == (ErrorCode.FORBIDDEN, True)


@pytest.mark.parametrize("caller", [ANONYMOUS, PERSON, ADMIN, OFFICER])
async def test_only_support_takes_and_releases(
    service: SupportService, request_: SupportRequest, caller: Principal
) -> None:
    """Other roles are refused with what it needs."""
    for attempt in (service.take, service.release):
        assert await code_and_needs(attempt(caller, request_["_id"], NOON)) == (ErrorCode.FORBIDDEN, True)


async def test_release_opens_it_again(service: SupportService, request_: SupportRequest) -> None:
    """The agent who has it, or a lead, gives it back; another agent cannot."""
    for by in (AGENT, LEAD):
        await service.take(AGENT, request_["_id"], NOON)
        assert await code_and_needs(service.release(OTHER_AGENT, request_["_id"], NOON)) == (ErrorCode.FORBIDDEN, True)
        released = await service.release(by, request_["_id"], NOON)
        assert (released["status"], released["takenBy"], released["accessEndsAt"]) == ("OPEN", None, None)
    assert (await service.release(AGENT, request_["_id"], NOON))["status"] == "OPEN"


@pytest.mark.parametrize("caller", [PERSON, ADMIN, AGENT, LEAD])
async def test_each_side_may_close(service: SupportService, request_: SupportRequest, caller: Principal) -> None:
    """The subject, the company's admin, the agent who has it and a lead close it; closing again changes nothing."""
    await service.take(AGENT, request_["_id"], NOON)
    closed = await service.close(caller, request_["_id"], NOON + MINUTE)
    assert (closed["status"], closed["closedAt"]) == ("CLOSED", NOON + MINUTE)
    assert await service.close(caller, request_["_id"], NOON + 2 * MINUTE) == closed


async def test_agent_without_the_request_cannot_close_it(service: SupportService, request_: SupportRequest) -> None:
    """An agent sees every request but closes only their own."""
    await service.take(AGENT, request_["_id"], NOON)
    assert await code_and_needs(service.close(OTHER_AGENT, request_["_id"], NOON)) == (ErrorCode.FORBIDDEN, True)


async def test_agent_whose_access_is_over_cannot_close_it(service: SupportService, request_: SupportRequest) -> None:
    """With the access the right to close ends, though the request still names who had it."""
    await service.take(AGENT, request_["_id"], NOON)
    late = service.close(AGENT, request_["_id"], NOON + ACCESS)
    assert await code_and_needs(late) == (ErrorCode.FORBIDDEN, True)


@pytest.mark.parametrize("caller", [COLLEAGUE, OTHER_ADMIN, OFFICER, ANONYMOUS])
async def test_others_request_is_like_none(
    service: SupportService, request_: SupportRequest, caller: Principal
) -> None:
    """Whoever it does not concern neither finds, lists nor closes it."""
    assert await service.find(caller, request_["_id"], NOON) is None
    assert (await service.find_page(caller, None, ALL, NOON)).nodes == []
    for request_id in (request_["_id"], "absent"):
        assert await code_and_needs(service.close(caller, request_id, NOON)) == (ErrorCode.NOT_FOUND, False)


async def test_customers_see_the_agent_as_a_stable_pseudonym(service: SupportService, request_: SupportRequest) -> None:
    """The person and the admin see the same pseudonym, staff the agent."""
    await service.take(AGENT, request_["_id"], NOON)
    seen = [await service.find(caller, request_["_id"], NOON) for caller in (PERSON, ADMIN, LEAD)]
    person, admin, lead = [request["takenBy"] for request in seen if request]
    assert person == admin != lead == AGENT.subject
    assert AGENT.subject not in str(seen[0])


@pytest.mark.parametrize(
    ("after", "status"),
    [
        (timedelta(0), SupportRequestStatus.TAKEN),
        (ACCESS, SupportRequestStatus.OPEN),
        (LIFE, SupportRequestStatus.EXPIRED),
    ],
)
async def test_list_and_filter_follow_the_clock(
    service: SupportService, request_: SupportRequest, after: timedelta, status: SupportRequestStatus
) -> None:
    """At each moment exactly one status finds the request, and that is the one it shows."""
    await service.take(AGENT, request_["_id"], NOON)
    found = {
        one: [request["status"] for request in (await service.find_page(LEAD, one, ALL, NOON + after)).nodes]
        for one in SupportRequestStatus
    }
    assert found == {**{one: [] for one in SupportRequestStatus}, status: [status.value]}


async def test_pages_are_newest_first_and_within_reach(service: SupportService) -> None:
    """A person lists their own, the admin the company's, support everybody's, page by page."""
    for minute, about in enumerate((ABOUT_PERSON, ABOUT_COMPANY, ABOUT_PERSON)):
        await insert_request(service.database, request_about(about, opened=NOON + minute * MINUTE))
    counts = [len((await service.find_page(one, None, ALL, NOON)).nodes) for one in (PERSON, ADMIN, AGENT)]
    assert counts == [2, 3, 3]
    page = await service.find_page(AGENT, None, PageRequest(2), NOON)
    assert page.has_next
    assert [one["openedAt"] - NOON for one in page.nodes] == [2 * MINUTE, MINUTE]


async def test_an_admin_who_is_an_agent_too_may_close_for_their_company(
    service: SupportService, request_: SupportRequest
) -> None:
    """The second role takes nothing away; without the admin's role the agent would have to take the request."""
    both = replace(ADMIN, roles=frozenset({Role.COMPANY_ADMIN, Role.SUPPORT}))
    foreign = replace(OTHER_ADMIN, roles=both.roles)
    assert (await code_and_needs(service.close(foreign, request_["_id"], NOON)))[0] is ErrorCode.FORBIDDEN
    assert (await service.close(both, request_["_id"], NOON))["status"] == "CLOSED"
