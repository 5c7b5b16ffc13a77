"""Copying and erasing serve whoever anything is held of, whether or not they ever saved a profile."""

import json
from typing import Any

import pytest

from auth.development import demo_user_id
from auth.principal import Role
from tests.harness.people import COMPANY, OTHER_COMPANY, save_people
from tests.harness.system import System
from tests.harness.usage import created, new_id, send

PROFILELESS = demo_user_id(0, 5)
ERASE_USER = "mutation($id: ID!) { eraseUser(id: $id) { companyId counts { collection count } } }"
ERASE_COMPANY = "mutation($id: ID!) { eraseCompany(id: $id) { counts { collection count } } }"
EXPORT = "mutation($id: ID!) { exportUser(id: $id) }"
RECORD_ERRORS = "mutation($r: [ErrorReportInput!]!) { recordErrors(reports: $r) { accepted } }"
OPEN = "mutation($i: OpenSupportRequestInput!) { openSupportRequest(input: $i) { id } }"


async def leave(system: System, kind: str) -> None:
    """Let somebody who never saved a profile leave one trace."""
    token, now = system.token(Role.USER, PROFILELESS, COMPANY), system.clock()
    if kind == "event":
        await send(system, [created(now, new_id())], token)
    elif kind == "error":
        report = {"reportId": "r1", "occurredAt": now.isoformat(), "kind": "OTHER", "message": "m"}
        assert (await system.ask(RECORD_ERRORS, token=token, r=[report])).errors == []
    else:
        assert (await system.ask(OPEN, token=token, i={"reason": "help"})).errors == []


async def traces_of(system: System, text: str) -> set[str]:
    """Return the collections that hold a text; the receipts and marks that stay are left out."""
    raw, found = system.services.database.raw, set()
    for name in set(await raw.list_collection_names()) - {"access_receipts", "usage_marks"}:
        if text in str(await raw[name].find({}).to_list(None)):
            found.add(name)
    return found


@pytest.mark.parametrize("kind", ["event", "error", "request"])
async def test_a_person_without_a_profile_can_be_copied_and_erased(system: System, kind: str) -> None:
    """One event, report or support request is enough to be found, with the company that it tells."""
    await leave(system, kind)
    exported = await system.ask(EXPORT, Role.PRIVACY_OFFICER, id=PROFILELESS)
    copy: dict[str, Any] = json.loads(exported.data["exportUser"])
    assert copy["about"] == {"userId": PROFILELESS, "companyId": COMPANY}
    assert any(copy["held"][name] for name in ("events", "errors", "supportRequests"))
    erased = await system.ask(ERASE_USER, Role.PRIVACY_OFFICER, id=PROFILELESS)
    assert erased.data["eraseUser"]["companyId"] == COMPANY
    assert await traces_of(system, PROFILELESS) == set()
    assert (await system.ask(EXPORT, Role.PRIVACY_OFFICER, id=PROFILELESS)).codes == ["NOT_FOUND"]


@pytest.mark.parametrize("kind", ["event", "error", "request"])
async def test_a_company_without_a_document_can_be_erased(system: System, kind: str) -> None:
    """It never saved anything about itself, and only people without profiles used it."""
    await leave(system, kind)
    assert (await system.ask(ERASE_COMPANY, Role.PRIVACY_OFFICER, id=COMPANY)).errors == []
    assert await traces_of(system, COMPANY) == set()


async def test_what_counts_all_companies_is_no_company(system: System) -> None:
    """The vendor's own counts stand under a word in place of an id, which nobody erases."""
    await leave(system, "error")
    assert (await system.ask(ERASE_COMPANY, Role.PRIVACY_OFFICER, id="ALL")).codes == ["NOT_FOUND"]


async def test_staff_who_opened_a_request_are_not_of_its_company(system: System) -> None:
    """An agent's copy holds nothing of the company that they opened a request about."""
    await save_people(system)
    agent = system.token(Role.SUPPORT, "AGENT", OTHER_COMPANY)
    given = {"reason": "phone", "ticket": "T-1", "subject": {"companyId": COMPANY}}
    assert (await system.ask(OPEN, token=agent, i=given)).errors == []
    copy = json.loads((await system.ask(EXPORT, Role.PRIVACY_OFFICER, id="AGENT")).data["exportUser"])
    assert (copy["about"]["companyId"], "company" in copy["held"]) == (None, False)
