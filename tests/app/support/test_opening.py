"""Opening a request: who may about whom, and the one look-up by UPN."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.errors import AppError, ErrorCode
from app.receipts.store import RECEIPTS
from app.support.lookups import MISSES_MAX, WINDOW
from app.support.opening import OPEN_MAX
from app.support.service import SupportService
from app.support.store import REQUESTS
from app.support.subjects import SubjectAsked, UpnAsked
from auth.principal import ANONYMOUS, Principal
from tests.app.support.people import ADMIN, AGENT, COLLEAGUE, LEAD, LIFE, NOON, OFFICER, OTHER_ADMIN, PERSON
from tests.app.support.stored import TENANT, UPN, index_of, store_company, store_user

REASON = "It does not start."
ASKED_UPN = SubjectAsked(upn=UpnAsked(UPN, TENANT))


async def refusal(
    service: SupportService, caller: Principal, asked: SubjectAsked | None, ticket: str | None = "T-1"
) -> AppError:
    """Return the error that opening a request raises."""
    with pytest.raises(AppError) as raised:
        await service.open(caller, asked, REASON, ticket, NOON)
    return raised.value


@pytest.mark.parametrize("asked", [None, SubjectAsked(user_id="PERSON")])
async def test_person_opens_a_request_about_themselves(service: SupportService, asked: SubjectAsked | None) -> None:
    """Without a subject, or naming themselves, the request is about the caller and their company."""
    request = await service.open(PERSON, asked, REASON, None, NOON)
    assert (request["subjectId"], request["companyId"], request["openedBy"]) == ("PERSON", "COMPANY", "SUBJECT")
    assert (request["status"], request["expiresAt"]) == ("OPEN", NOON + LIFE)


async def test_admin_opens_for_people_of_the_company_and_for_the_company(service: SupportService) -> None:
    """A company admin names a user of the company, or the company itself."""
    await store_user(service)
    person = await service.open(ADMIN, SubjectAsked(user_id="PERSON"), REASON, None, NOON)
    company = await service.open(ADMIN, SubjectAsked(company_id="COMPANY"), REASON, None, NOON)
    assert [(one["subjectId"], one["openedBy"]) for one in (person, company)] == [
        ("PERSON", "COMPANY_ADMIN"),
        (None, "COMPANY_ADMIN"),
    ]


async def test_admin_without_a_user_id_is_not_taken_for_the_subject(service: SupportService) -> None:
    """A token that names no user opens for the company as its admin."""
    request = await service.open(replace(ADMIN, user_id=None), SubjectAsked(company_id="COMPANY"), REASON, None, NOON)
    assert request["openedBy"] == "COMPANY_ADMIN"


@pytest.mark.parametrize("caller", [OTHER_ADMIN, COLLEAGUE])
@pytest.mark.parametrize(
    "named",
    [
        (SubjectAsked(user_id="PERSON"), SubjectAsked(user_id="NOBODY")),
        (SubjectAsked(company_id="COMPANY"), SubjectAsked(company_id="NONE")),
    ],
    ids=["person", "company"],
)
async def test_what_is_not_the_callers_is_like_what_does_not_exist(
    service: SupportService, caller: Principal, named: tuple[SubjectAsked, SubjectAsked]
) -> None:
    """Naming somebody else's person or company answers exactly like naming nobody's."""
    await store_user(service)
    foreign, absent = [await refusal(service, caller, asked) for asked in named]
    assert foreign.code is absent.code is ErrorCode.NOT_FOUND
    assert (foreign.message, foreign.details) == (absent.message, absent.details)


async def test_staff_open_with_a_ticket_and_are_flagged(service: SupportService) -> None:
    """A request logged by staff says so and carries its ticket."""
    await store_user(service)
    await store_company(service)
    for asked in (SubjectAsked(user_id="PERSON"), SubjectAsked(company_id="COMPANY")):
        request = await service.open(LEAD, asked, REASON, " T-1 ", NOON)
        assert (request["openedBy"], request["ticket"], request["companyId"]) == ("STAFF", "T-1", "COMPANY")


@pytest.mark.parametrize("ticket", [None, "", "  ", "x" * 101, "a\nb"])
async def test_staff_need_a_ticket(service: SupportService, ticket: str | None) -> None:
    """Without a usable ticket staff open nothing."""
    error = await refusal(service, AGENT, SubjectAsked(user_id="PERSON"), ticket)
    assert (error.code, error.details["field"]) == (ErrorCode.BAD_USER_INPUT, "ticket")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
async def test_reason_is_required_and_bounded(service: SupportService, reason: str) -> None:
    """A request says why."""
    with pytest.raises(AppError, match="reason"):
        await service.open(PERSON, None, reason, None, NOON)


async def test_staff_who_name_nobody_are_told_to(service: SupportService) -> None:
    """It is no missing right: they ask for others, and forgot for whom."""
    error = await refusal(service, AGENT, None)
    assert (error.code, error.details["field"]) == (ErrorCode.BAD_USER_INPUT, "subject")


@pytest.mark.parametrize("caller", [ANONYMOUS, OFFICER])
async def test_caller_without_right_or_person_learns_what_it_needs(service: SupportService, caller: Principal) -> None:
    """No token, or another role: refused with `needs`."""
    error = await refusal(service, caller, None)
    assert error.code is ErrorCode.FORBIDDEN
    assert error.details["needs"]


@pytest.mark.parametrize("caller", [PERSON, ADMIN])
async def test_only_staff_name_a_upn(service: SupportService, caller: Principal) -> None:
    """Customers cannot use the look-up by UPN at all."""
    await store_user(service, blindIndex=index_of(service, "company-upn", "COMPANY", UPN))
    error = await refusal(service, caller, ASKED_UPN)
    assert (error.code, error.details["field"]) == (ErrorCode.FORBIDDEN, "subject.upn")


async def test_staff_find_an_authenticated_person_by_upn(service: SupportService) -> None:
    """The tenant leads to the company, the company and UPN to the person."""
    await store_company(service)
    await store_user(service, blindIndex=index_of(service, "company-upn", "COMPANY", UPN))
    request = await service.open(AGENT, ASKED_UPN, REASON, "T-1", NOON)
    assert (request["subjectId"], request["companyId"]) == ("PERSON", "COMPANY")


async def test_verified_person_comes_before_a_claim(service: SupportService) -> None:
    """Of a verified identified profile and a claim with the same UPN, staff find the verified one."""
    await store_company(service)
    index = index_of(service, "upn", TENANT, UPN)
    claim = {"kind": "IDENTIFIED", "verified": False, "personId": None, "companyId": None}
    await store_user(service, "CLAIM", **claim, blindIndex=index)
    assert (await service.open(AGENT, ASKED_UPN, REASON, "T-1", NOON))["subjectId"] == "CLAIM"
    own = index_of(service, "company-upn", "COMPANY", UPN)
    await store_user(service, "DOCUMENT", kind="IDENTIFIED", personId="PERSON", blindIndex=own)
    assert (await service.open(AGENT, ASKED_UPN, REASON, "T-2", NOON))["subjectId"] == "PERSON"


async def test_ambiguous_upn_is_refused(service: SupportService) -> None:
    """Two verified people of one company under the same UPN are not guessed between, which is receipted."""
    await store_company(service)
    index = index_of(service, "company-upn", "COMPANY", UPN)
    for kind in ("AUTHENTICATED", "IDENTIFIED"):
        await store_user(service, f"PERSON {kind}", kind=kind, blindIndex=index)
    assert (await refusal(service, AGENT, ASKED_UPN)).details["field"] == "subject.upn"
    (receipt,) = await service.database[RECEIPTS].find().to_list(None)
    assert (receipt["granted"], receipt["reason"]) == (False, "A look-up by UPN found several people.")


async def test_of_two_companies_of_one_tenant_the_first_is_looked_in(service: SupportService) -> None:
    """The same UPN in a company that stated the tenant later makes nothing ambiguous."""
    for number, company in enumerate(("COMPANY", "OTHER COMPANY")):
        await store_company(service, company, since=NOON + timedelta(hours=number))
        index = index_of(service, "company-upn", company, UPN)
        await store_user(service, f"PERSON {number}", companyId=company, blindIndex=index)
    assert (await service.open(AGENT, ASKED_UPN, REASON, "T-1", NOON))["subjectId"] == "PERSON 0"


async def test_miss_is_not_found_and_receipted_without_the_upn(service: SupportService) -> None:
    """A look-up that finds nobody leaves a refusal in the chain, without what was looked for."""
    error = await refusal(service, AGENT, ASKED_UPN)
    assert error.code is ErrorCode.NOT_FOUND
    (receipt,) = await service.database[RECEIPTS].find().to_list(None)
    assert (receipt["actor"], receipt["granted"], receipt["role"]) == (AGENT.subject, False, "support")
    assert UPN not in str(receipt)
    assert UPN not in repr(ASKED_UPN)


async def test_misses_are_limited_an_hour_per_agent(service: SupportService) -> None:
    """After 10 misses within an hour the agent waits, another agent does not; hits do not count."""
    for _ in range(MISSES_MAX):
        assert (await refusal(service, AGENT, ASKED_UPN)).code is ErrorCode.NOT_FOUND
    limited = await refusal(service, AGENT, ASKED_UPN)
    assert (limited.code, limited.details["retryAfterSeconds"]) == (ErrorCode.RATE_LIMITED, 3600)
    assert (await refusal(service, LEAD, ASKED_UPN)).code is ErrorCode.NOT_FOUND
    assert await service.database[RECEIPTS].count_documents({"actor": AGENT.subject}) == MISSES_MAX
    await store_company(service)
    await store_user(service, blindIndex=index_of(service, "company-upn", "COMPANY", UPN))
    for _ in range(MISSES_MAX + 2):
        await service.open(AGENT, ASKED_UPN, REASON, "T-1", NOON + WINDOW)


async def test_many_look_ups_at_once_cannot_slip_through(service: SupportService) -> None:
    """Of 25 look-ups at the same moment, the agent's first ones, 10 are made."""
    errors = await asyncio.gather(*(refusal(service, AGENT, ASKED_UPN) for _ in range(25)))
    codes = [error.code for error in errors]
    assert (codes.count(ErrorCode.NOT_FOUND), codes.count(ErrorCode.RATE_LIMITED)) == (MISSES_MAX, 15)


async def test_customer_cannot_flood_the_list(service: SupportService) -> None:
    """At most 20 requests of one customer are open; expired ones do not count."""
    for _ in range(OPEN_MAX):
        await service.open(PERSON, None, REASON, None, NOON)
    assert (await refusal(service, PERSON, None)).code is ErrorCode.RATE_LIMITED
    await service.open(PERSON, None, REASON, None, NOON + LIFE + timedelta(seconds=1))


async def test_many_requests_at_once_cannot_slip_through(service: SupportService) -> None:
    """Sixty at the same moment leave no more open than the limit says, and exactly those that were answered."""
    opening = (service.open(PERSON, None, REASON, None, NOON) for _ in range(3 * OPEN_MAX))
    answers = await asyncio.gather(*opening, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert {error.code for error in refused if isinstance(error, AppError)} == {ErrorCode.RATE_LIMITED}
    opened = {answer["_id"] for answer in answers if not isinstance(answer, BaseException)}
    assert len(refused) + len(opened) == 3 * OPEN_MAX
    assert set(await service.database[REQUESTS].distinct("_id", {"status": "OPEN"})) == opened
    assert len(opened) <= OPEN_MAX
