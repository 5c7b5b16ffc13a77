"""Who erases and loses the answer asks again, and hears what was done: once, under the one entry of the list."""

import pytest

from app.subject_rights.erasing import read_erasures
from auth.principal import Role
from tests.harness.people import COMPANY, PERSON, SAVE_AUTHENTICATED, SAVE_IDENTIFIED, save_people
from tests.harness.system import System
from tests.harness.usage import created, new_id, send

TOLD = "{ id kind subjectId companyId erasedAt completedAt receiptSequence keyDestroyed counts { collection count } }"
ERASE_USER = f"mutation($id: ID!) {{ eraseUser(id: $id) {TOLD} }}"
ERASE_COMPANY = f"mutation($id: ID!) {{ eraseCompany(id: $id) {TOLD} }}"
BOTH = [(ERASE_USER, PERSON), (ERASE_COMPANY, COMPANY)]


@pytest.mark.parametrize(("text", "whose"), BOTH)
async def test_an_erasure_asked_again_tells_what_was_done(system: System, text: str, whose: str) -> None:
    """The same answer, without another entry or receipt; only to who may erase."""
    await save_people(system)
    first = await system.ask(text, Role.PRIVACY_OFFICER, id=whose)
    assert first.errors == []
    system.clock.move(minutes=1)
    assert (await system.ask(text, Role.PRIVACY_OFFICER, id=whose)).data == first.data
    assert len(await read_erasures(system.services.database)) == 1
    assert await system.services.database["access_receipts"].count_documents({}) == 1
    for role in (None, Role.USER, Role.COMPANY_ADMIN, Role.SUPPORT_LEAD):
        assert (await system.ask(text, role, id=whose)).codes == ["FORBIDDEN"]


@pytest.mark.parametrize(("text", "whose"), BOTH)
async def test_who_came_back_is_erased_anew(system: System, text: str, whose: str) -> None:
    """What has come since is no answer of before: there is a second entry, and the next answer tells of it."""
    await save_people(system)
    first = await system.ask(text, Role.PRIVACY_OFFICER, id=whose)
    system.clock.move(minutes=1)
    await system.ask(SAVE_AUTHENTICATED, Role.USER, i={"license": "pro"})
    second = await system.ask(text, Role.PRIVACY_OFFICER, id=whose)
    assert second.data != first.data
    system.clock.move(minutes=1)
    assert (await system.ask(text, Role.PRIVACY_OFFICER, id=whose)).data == second.data
    assert len(await read_erasures(system.services.database)) == 2


async def test_the_id_of_a_profile_that_is_gone_tells_nothing_of_who_came_back(system: System) -> None:
    """Who is there again under their own id was not erased as far as anybody asks now."""
    token = system.token(Role.USER)
    saved = await system.ask(SAVE_IDENTIFIED, token=token, i={"intercomId": "bob@contoso.com"})
    profile = saved.data["saveIdentifiedProfile"]["user"]["id"]
    erased = await system.ask(ERASE_USER, Role.PRIVACY_OFFICER, id=profile)
    assert (await system.ask(ERASE_USER, Role.PRIVACY_OFFICER, id=profile)).data == erased.data
    system.clock.move(minutes=1)
    await send(system, [created(system.clock(), new_id())], token)
    assert (await system.ask(ERASE_USER, Role.PRIVACY_OFFICER, id=profile)).codes == ["NOT_FOUND"]
