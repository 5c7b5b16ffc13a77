"""The gate: decided once, receipted in one write, opened in one batch, and nothing without a receipt."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from bson import Binary

from app.database.client import Database
from app.errors import AppError, ErrorCode
from app.receipts.model import SEQUENCE_MAX, Receipt
from app.receipts.store import stream_receipts
from app.support.disclosure import Disclosure, Wanted
from app.support.model import Subject
from app.support.policy import AccessMode
from app.support.reach import taken_reach
from app.support.service import SupportService
from app.support.store import insert_request
from auth.principal import ANONYMOUS, Principal
from tests.app.support.people import (
    ABOUT_COLLEAGUE,
    ABOUT_COMPANY,
    ABOUT_PERSON,
    ACCESS,
    ADMIN,
    AGENT,
    NOON,
    OFFICER,
    PERSON,
    taken_request,
)

EMAIL, NAME = "AuthenticatedProfile.msEmail", "AuthenticatedProfile.name"
COMPANY_NAME = "Company.companyName"


def disclose(
    service: SupportService, caller: Principal = AGENT, now: datetime = NOON, mode: AccessMode = "request"
) -> Disclosure:
    """Return the gate of a new operation."""
    return Disclosure(service.database, service.vault, service.receipts, caller, mode=mode, now=now)


async def sealed(service: SupportService, **fields: str) -> dict[str, Binary]:
    """Seal values under the company's key."""
    return await service.vault.seal("COMPANY", fields)


async def receipts(database: Database) -> list[Receipt]:
    """Return the whole chain."""
    return [receipt async for receipt in stream_receipts(database, 1, SEQUENCE_MAX)]


def codes(answers: Sequence[object]) -> list[object]:
    """Return the answers, refusals as their codes."""
    return [answer.code if isinstance(answer, AppError) else answer for answer in answers]


async def test_taken_request_opens_the_person_and_the_company(service: SupportService) -> None:
    """One operation opens what the request covers and refuses the rest, each field in its place."""
    await insert_request(service.database, taken_request(ABOUT_PERSON))
    values = await sealed(service, msEmail="ada@contoso.example", companyName="Contoso", name="Grace")
    answers = await disclose(service).open(
        [
            Wanted(ABOUT_PERSON, EMAIL, values["msEmail"]),
            Wanted(ABOUT_PERSON, NAME, None),
            Wanted(ABOUT_COLLEAGUE, NAME, values["name"]),
            Wanted(ABOUT_COMPANY, COMPANY_NAME, values["companyName"]),
        ]
    )
    assert codes(answers) == ["ada@contoso.example", None, ErrorCode.SUPPORT_REQUEST_REQUIRED, "Contoso"]


async def test_one_receipt_for_each_subject_with_all_its_fields(service: SupportService) -> None:
    """Who, role, request, subject, fields, granted or refused and why; never a value."""
    request = taken_request(ABOUT_PERSON)
    await insert_request(service.database, request)
    value = (await sealed(service, name="Grace"))["name"]
    wanted = [Wanted(about, field, value) for about in (ABOUT_PERSON, ABOUT_COLLEAGUE) for field in (NAME, EMAIL)]
    await disclose(service).open(wanted)
    granted, refused = await receipts(service.database)
    assert (granted["fields"], granted["granted"], granted["supportRequestId"]) == ([EMAIL, NAME], True, request["_id"])
    assert (granted["actor"], granted["role"], granted["subjectId"]) == (AGENT.subject, "support", "PERSON")
    assert (refused["subjectId"], refused["granted"], refused["supportRequestId"]) == ("COLLEAGUE", False, None)


async def test_later_batch_receipts_only_new_fields(service: SupportService) -> None:
    """A second batch about the same person receipts what is new, and still opens what was receipted before."""
    await insert_request(service.database, taken_request(ABOUT_PERSON))
    value = (await sealed(service, name="Grace"))["name"]
    operation = disclose(service)
    await operation.open([Wanted(ABOUT_PERSON, NAME, value)])
    assert await operation.open([Wanted(ABOUT_PERSON, NAME, value)]) == ["Grace"]
    await operation.open([Wanted(ABOUT_PERSON, NAME, value), Wanted(ABOUT_PERSON, EMAIL, value)])
    assert [receipt["fields"] for receipt in await receipts(service.database)] == [[NAME], [EMAIL]]


@pytest.mark.parametrize("caller", [ANONYMOUS, PERSON, ADMIN, OFFICER])
async def test_other_roles_are_refused_and_only_staff_leave_a_receipt(
    service: SupportService, caller: Principal
) -> None:
    """Whether there is a value makes no difference; customers cannot write to the chain."""
    value = (await sealed(service, name="Grace"))["name"]
    answers = await disclose(service, caller).open([Wanted(ABOUT_PERSON, NAME, one) for one in (value, None)])
    assert codes(answers) == [ErrorCode.FORBIDDEN] * 2
    assert all(isinstance(answer, AppError) and answer.details["needs"] for answer in answers)
    assert len(await receipts(service.database)) == (1 if caller is OFFICER else 0)


async def test_hundred_people_cost_one_write_of_receipts(service: SupportService) -> None:
    """A page of 100 people of a company is decided, receipted in one insert and opened in one batch."""
    await insert_request(service.database, taken_request(ABOUT_COMPANY))
    value = (await sealed(service, name="Grace"))["name"]
    people = [Subject(f"PERSON {number}", "COMPANY") for number in range(100)]
    before = await _inserts(service.database)
    assert await disclose(service).open([Wanted(one, NAME, value) for one in people]) == ["Grace"] * 100
    assert await _inserts(service.database) - before == 1
    assert len(await receipts(service.database)) == 100


async def _inserts(database: Database) -> int:
    status = await database.client.admin.command("serverStatus")
    return int(status["metrics"]["commands"]["insert"]["total"])


async def test_without_a_receipt_nothing_opens(service: SupportService) -> None:
    """Where receipts cannot be written the operation is `UNAVAILABLE`, even while values could be opened."""
    await insert_request(service.database, taken_request(ABOUT_PERSON))
    await service.database.raw.command("collMod", "access_receipts", validator={"never": True})
    value = (await sealed(service, name="Grace"))["name"]
    with pytest.raises(AppError) as raised:
        await disclose(service).open([Wanted(ABOUT_PERSON, NAME, value)])
    assert raised.value.code is ErrorCode.UNAVAILABLE


async def test_access_ends_with_the_clock_and_with_the_close(service: SupportService) -> None:
    """The next operation sees that access is over."""
    request = taken_request(ABOUT_PERSON)
    await insert_request(service.database, request)
    wanted = [Wanted(ABOUT_PERSON, NAME, (await sealed(service, name="Grace"))["name"])]
    assert await disclose(service).open(wanted) == ["Grace"]
    assert codes(await disclose(service, now=NOON + ACCESS).open(wanted)) == [ErrorCode.SUPPORT_REQUEST_REQUIRED]
    await service.close(PERSON, request["_id"], NOON)
    assert codes(await disclose(service).open(wanted)) == [ErrorCode.SUPPORT_REQUEST_REQUIRED]


async def test_role_mode_opens_without_a_request_but_not_without_a_receipt(service: SupportService) -> None:
    """`SUPPORT_ACCESS=role`: the receipt names no request."""
    wanted = [Wanted(ABOUT_PERSON, NAME, (await sealed(service, name="Grace"))["name"])]
    assert await disclose(service, mode="role").open(wanted) == ["Grace"]
    (receipt,) = await receipts(service.database)
    assert (receipt["granted"], receipt["supportRequestId"]) == (True, None)


async def test_explaining_leaves_no_receipt(service: SupportService) -> None:
    """`decisions` says what would be, and nothing is written."""
    decisions = await disclose(service).decisions([ABOUT_PERSON])
    assert "takeSupportRequest" in getattr(decisions[ABOUT_PERSON], "needs", "")
    assert await receipts(service.database) == []


async def test_destroyed_key_opens_nothing(service: SupportService) -> None:
    """After the company's key is destroyed an allowed field is null."""
    await insert_request(service.database, taken_request(ABOUT_PERSON))
    wanted = [Wanted(ABOUT_PERSON, NAME, (await sealed(service, name="Grace"))["name"])]
    await service.vault.destroy_key("COMPANY")
    assert await disclose(service).open(wanted) == [None]


async def test_usage_opens_with_a_taken_request(service: SupportService) -> None:
    """About a person: their rows and the company's dashboard; about a company: everybody's rows."""
    await insert_request(service.database, taken_request(ABOUT_PERSON))
    reach = await taken_reach(service.taken, AGENT, NOON, "request")
    assert set(reach.people) == {("COMPANY", "PERSON")}
    assert not reach.whole_companies
    assert [reach.opens(*who) for who in ((None, "COMPANY"), ("PERSON", "COMPANY"), ("COLLEAGUE", "COMPANY"))] == [
        True,
        True,
        False,
    ]
    await insert_request(service.database, taken_request(ABOUT_COMPANY))
    assert (await taken_reach(service.taken, AGENT, NOON, "request")).opens("COLLEAGUE", "COMPANY")


@pytest.mark.parametrize("caller", [PERSON, OFFICER, ANONYMOUS])
async def test_usage_stays_closed_to_others(service: SupportService, caller: Principal) -> None:
    """Without a support role nothing is reached through requests, in either mode."""
    await insert_request(service.database, taken_request(ABOUT_PERSON, caller))
    modes: tuple[AccessMode, ...] = ("request", "role")
    for mode in modes:
        reach = await taken_reach(service.taken, caller, NOON + timedelta(hours=1), mode)
        assert not reach.opens(None, "COMPANY")
        assert not reach.opens_all
