"""An erasure leaves nothing of a person or company behind that only looks like somebody else's, or like tomorrow's."""

from datetime import UTC, datetime, timedelta

from app.clock import utc_now
from app.error_reports.people import estimate, register_of
from app.subject_rights.erasing import read_erasures
from auth.development import demo_user_id
from auth.principal import Role
from scripts.commands.replay_erasures import replay_all
from tests.app.error_reports.reports import make_report
from tests.app.error_reports.reports import send as send_reports
from tests.harness.people import COMPANY, PERSON, SAVE_AUTHENTICATED, save_people
from tests.harness.system import System
from tests.harness.usage import created, new_id, send

ADMIN = demo_user_id(0, 0)
ERASE_USER = "mutation($id: ID!) { eraseUser(id: $id) { counts { collection count } } }"
ERASE_COMPANY = "mutation($id: ID!) { eraseCompany(id: $id) { counts { collection count } } }"
EXPORT = "mutation($id: ID!) { exportUser(id: $id) }"
TAKE = "mutation($id: ID!) { takeSupportRequest(id: $id) { status } }"
LOOK = f'{{ user(id: "{PERSON}") {{ profile {{ ... on AuthenticatedProfile {{ name }} }} }} }}'
OPEN = "mutation($i: OpenSupportRequestInput!) { openSupportRequest(input: $i) { id } }"


async def traces_of(system: System, text: str) -> set[str]:
    """Return the collections that hold a text; the receipts that stay are left out."""
    raw, found = system.services.database.raw, set()
    for name in set(await raw.list_collection_names()) - {"access_receipts"}:
        if text in str(await raw[name].find({}).to_list(None)):
            found.add(name)
    return found


async def test_what_an_erased_person_wrote_about_others_goes(system: System) -> None:
    """Requests that they opened for a colleague or the company stay, without them and their words."""
    await save_people(system)
    await system.ask(SAVE_AUTHENTICATED, Role.COMPANY_ADMIN, i={"name": "Boss"})
    for subject in ({"userId": PERSON}, {"companyId": COMPANY}):
        given = {"reason": "Call me, Boss", "ticket": "of Boss", "subject": subject}
        opened = (await system.ask(OPEN, Role.COMPANY_ADMIN, i=given)).data["openSupportRequest"]
        assert (await system.ask(TAKE, Role.SUPPORT, id=opened["id"])).errors == []
    assert (await system.ask(LOOK, Role.SUPPORT)).errors == []  # leaves receipts
    assert "Call me, Boss" in (await system.ask(EXPORT, Role.PRIVACY_OFFICER, id=ADMIN)).data["exportUser"]
    erased = (await system.ask(ERASE_USER, Role.PRIVACY_OFFICER, id=ADMIN)).data["eraseUser"]
    assert {"collection": "support_requests", "count": 2} in erased["counts"]
    assert await traces_of(system, ADMIN) | await traces_of(system, "Boss") == set()
    receipts = await system.services.database["access_receipts"].find({}).to_list(None)
    assert receipts
    assert "Boss" not in str(receipts)
    text = "{ supportRequests(first: 9) { nodes { reason subject { id } company { id } } } }"
    nodes = (await system.ask(text, Role.SUPPORT)).data["supportRequests"]["nodes"]
    assert {node["reason"] for node in nodes} == {"(erased with the person who wrote it)"}
    assert [node["company"]["id"] for node in nodes] == [COMPANY] * 2


async def test_nobody_learns_from_a_copy_who_asked(system: System) -> None:
    """Whom a request is about has it in their copy, without its opener's id."""
    await save_people(system)
    await system.ask(OPEN, Role.COMPANY_ADMIN, i={"reason": "help her", "subject": {"userId": PERSON}})
    copy = (await system.ask("{ myData }", Role.USER)).data["myData"]
    assert "help her" in copy
    assert ADMIN not in copy


async def test_an_erased_company_leaves_no_bucket_of_tomorrow(system: System) -> None:
    """Events may be up to an hour ahead, over midnight; a replay takes such a bucket too."""
    await save_people(system)
    system.clock.stopped_at = datetime.now(UTC).replace(hour=23, minute=40, second=0, microsecond=0)
    await send(system, [created(system.clock() + timedelta(minutes=30), new_id())], system.token(Role.USER))
    buckets = system.services.database["usage_buckets"]
    backup = await buckets.find({}).to_list(None)
    assert (await system.ask(ERASE_COMPANY, Role.PRIVACY_OFFICER, id=COMPANY)).errors == []
    assert await buckets.count_documents({}) == 0
    await buckets.insert_many(backup)
    assert await replay_all(system.services, await read_erasures(system.services.database), utc_now()) == len(backup)


async def test_a_dump_tells_nobody_who_was_counted(system: System) -> None:
    """The number of people of an error group stays; without the installation's key no id can be tried against it."""
    reports = [make_report(system, code=f"E{number}") for number in range(4)]
    await send_reports(system, *reports, role=Role.USER)
    await system.ask("{ errorGroups(first: 9) { nodes { count } } }", Role.COMPANY_ADMIN)  # which waits for the counts
    assert (await system.ask(ERASE_USER, Role.PRIVACY_OFFICER, id=PERSON)).errors == []
    groups = await system.services.database["error_groups"].find({"owner": "ALL"}).to_list(None)
    assert [estimate(group["people"]) for group in groups] == [1] * 4
    tried = [dict([register_of(group["groupId"], PERSON)]) for group in groups]
    assert tried != [group["people"] for group in groups]
