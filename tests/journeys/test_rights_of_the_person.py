"""The rights of the person: a copy of all that is held, erasure that a restored backup does not undo, claims that die."""

import asyncio
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.clock import utc_now
from app.database.embedded import EmbeddedMongod
from app.database.indexes import indexes_for
from app.subject_rights.erasing import read_erasures
from app.subject_rights.holdings import COMPANY_HOLDINGS, PERSON_HOLDINGS
from auth.principal import Role
from scripts.commands.replay_erasures import replay_all
from tests.harness.mongod import start_session_mongod
from tests.harness.people import (
    AUTHENTICATED,
    COMPANY,
    COMPANY_FIELDS,
    IDENTIFIED,
    OTHER_COMPANY,
    OTHER_PERSON,
    PERSON,
    RESTRICTED,
    SAVE_AUTHENTICATED,
    SAVE_IDENTIFIED,
    open_and_take,
    save_people,
)
from tests.harness.system import System, running_system

ERASE_USER = "mutation($id: ID!) { eraseUser(id: $id) { kind subjectId receiptSequence counts { collection count } } }"
ERASE_COMPANY = (
    "mutation($id: ID!) { eraseCompany(id: $id) { kind companyId keyDestroyed counts { collection count } } }"
)
LOOK = "{ users(first: 10) { nodes { id profile { ... on AuthenticatedProfile { name license } } } } }"
REQUEST = "5E872200-F546-4CCD-8F23-AF5F507AA2DE"


async def live_a_little(system: System) -> None:
    """Let the demo user leave a trace in each domain, and an agent look at it."""
    await save_people(system)
    now = system.clock().isoformat()
    event = {"eventId": "e1", "occurredAt": now, "requestId": REQUEST, "teamName": "Team", "additionalMembers": 1}
    event |= {"additionalOwners": 0, "templateId": REQUEST, "templateName": "Template"}
    record = "mutation($e: [EventInput!]!) { recordEvents(events: $e) { accepted } }"
    assert (await system.ask(record, Role.USER, e=[{"requestCreated": event}])).errors == []
    report = {"reportId": "r1", "occurredAt": now, "kind": "OTHER", "message": "It does not work"}
    record = "mutation($r: [ErrorReportInput!]!) { recordErrors(reports: $r) { accepted } }"
    assert (await system.ask(record, Role.USER, r=[report])).errors == []
    await open_and_take(system)
    assert (await system.ask(LOOK, Role.SUPPORT)).errors == []


async def my_data(system: System, role: Role | None) -> dict[str, Any]:
    """Return the caller's copy."""
    reply = await system.ask("{ myData }", role)
    assert reply.errors == []
    data: dict[str, Any] = json.loads(reply.data["myData"])
    return data


async def dump(system: System) -> dict[str, list[Any]]:
    """Return all documents of the data, as a backup would hold them; the receipts' chain is not touched by a restore here."""
    raw = system.services.database.raw
    names = sorted(set(await raw.list_collection_names()) - {"access_receipts", "receipt_heads", "vault_settings"})
    return {name: await raw[name].find({}).to_list(None) for name in names}


async def restore(system: System, backup: dict[str, list[Any]]) -> None:
    """Put the documents of a backup in place of what is there."""
    for name, documents in backup.items():
        await system.services.database.raw[name].delete_many({})
        if documents:
            await system.services.database.raw[name].insert_many(documents)


async def test_my_data_is_all_about_me(system: System) -> None:
    """Both profiles opened, company, events, errors, requests and receipts; the agent is a pseudonym."""
    await live_a_little(system)
    mine = await my_data(system, Role.USER)
    held = mine["held"]
    told = {name: value for profile in held["profiles"] for name, value in profile.items() if name != "intercomId"}
    expected = {**AUTHENTICATED, **IDENTIFIED}
    shared = {"intercomId", "intercomEmail", "license", "msLocale"}
    assert {name: told[name] for name in expected.keys() - shared} == {
        name: value for name, value in expected.items() if name not in shared
    }
    assert [event["eventId"] for event in held["events"]] == ["e1"]
    assert [report["message"] for report in held["errors"]] == ["It does not work"]
    assert [request["requestId"] for request in held["requests"]] == [REQUEST]
    assert [request["reason"] for request in held["supportRequests"]] == ["Teams are not created"]
    assert held["receipts"]
    assert "demo-support" not in json.dumps(mine)
    assert held["company"][0]["license"] == "enterprise"
    assert COMPANY_FIELDS["msTenantId"] not in json.dumps(held["company"])


async def test_my_data_of_an_admin_holds_the_companys_values(system: System) -> None:
    """Whoever speaks for the company gets what is held about it."""
    await save_people(system)
    company = (await my_data(system, Role.COMPANY_ADMIN))["held"]["company"][0]
    assert {name: company[name] for name in RESTRICTED["Company"]} == {
        name: COMPANY_FIELDS[name] for name in RESTRICTED["Company"]
    }


@pytest.mark.parametrize("role", [None, Role.SUPPORT, Role.ANALYST])
async def test_my_data_of_who_is_not_held(system: System, role: Role | None) -> None:
    """Without a token nothing is held; staff have no profile here."""
    await save_people(system)
    mine = await my_data(system, role)
    assert "profiles" not in mine["held"]
    assert AUTHENTICATED["name"] not in json.dumps(mine)


async def test_copies_are_receipted_before_they_leave(system: System) -> None:
    """One receipt a day for one's own copies, so nobody floods the chain; one for each copy by the officer."""
    await save_people(system)
    for _ in range(3):
        await my_data(system, Role.USER)
    export = "mutation($id: ID!) { exportUser(id: $id) }"
    reply = await system.ask(export, Role.PRIVACY_OFFICER, id=PERSON)
    assert AUTHENTICATED["name"] in reply.data["exportUser"]
    system.clock.move(hours=25)
    await my_data(system, Role.USER)
    rows = await system.services.database["access_receipts"].find({}).sort("_id", 1).to_list(None)
    assert [(row["role"], row["subjectId"], row["granted"]) for row in rows] == [
        ("user", PERSON, True),
        ("privacy_officer", PERSON, True),
        ("user", PERSON, True),
    ]
    assert "AuthenticatedProfile.name" in rows[0]["fields"]
    assert (await system.ask("{ verifyReceipts(fromSequence: 1, toSequence: 9) { ok } }", Role.PRIVACY_OFFICER)).data[
        "verifyReceipts"
    ]["ok"]


@pytest.mark.parametrize("role", [None, Role.USER, Role.COMPANY_ADMIN, Role.SUPPORT, Role.SUPPORT_LEAD, Role.INGEST])
@pytest.mark.parametrize("field", ["exportUser(id: $id)", "eraseUser(id: $id) { id }", "eraseCompany(id: $id) { id }"])
async def test_only_the_officer_serves_others(system: System, role: Role | None, field: str) -> None:
    """Refused with a code and what it needs, and nothing is gone."""
    await save_people(system)
    reply = await system.ask(f"mutation($id: ID!) {{ {field} }}", role, id=PERSON)
    assert reply.codes == ["FORBIDDEN"]
    assert "privacy_officer" in reply.errors[0]["extensions"]["needs"]
    assert await system.services.database["users"].count_documents({}) == 2


@pytest.mark.parametrize("field", ["exportUser(id: $id)", "eraseUser(id: $id) { id }", "eraseCompany(id: $id) { id }"])
async def test_nobody_cannot_be_served(system: System, field: str) -> None:
    """An id that stands for nobody is NOT_FOUND, and leaves no receipt and no entry in the list."""
    reply = await system.ask(f"mutation($id: ID!) {{ {field} }}", Role.PRIVACY_OFFICER, id="nobody")
    assert reply.codes == ["NOT_FOUND"]
    assert await read_erasures(system.services.database) == []
    assert await system.services.database["access_receipts"].count_documents({}) == 0


async def test_an_erased_person_is_gone_everywhere(system: System) -> None:
    """No document but the receipts holds their id; their company's usage stays, without them."""
    await live_a_little(system)
    erased = (await system.ask(ERASE_USER, Role.PRIVACY_OFFICER, id=PERSON)).data["eraseUser"]
    counts = {each["collection"]: each["count"] for each in erased["counts"]}
    assert counts == {"users": 2, "errors": 1, "support_requests": 1, "events": 1}
    left = {name for name, documents in (await dump(system)).items() if PERSON in str(documents)}
    assert left == set()
    assert await system.services.database["events"].count_documents({"companyId": COMPANY}) == 1
    receipt = await system.services.database["access_receipts"].find_one({"sequence": erased["receiptSequence"]})
    assert receipt["fields"] == ["Mutation.eraseUser"]
    assert (await system.ask("{ me { user { id } } }", Role.USER)).data["me"]["user"] is None
    assert (await system.ask(LOOK, Role.SUPPORT)).data["users"]["nodes"] == []


async def test_an_erased_company_cannot_be_read_from_a_copy(system: System) -> None:
    """The key goes first: copies of the documents, put back, yield nothing to an agent with a taken request."""
    await live_a_little(system)
    backup = await dump(system)
    erased = (await system.ask(ERASE_COMPANY, Role.PRIVACY_OFFICER, id=COMPANY)).data["eraseCompany"]
    assert erased["keyDestroyed"]
    assert {name for name, rows in (await dump(system)).items() if COMPANY in str(rows)} <= {"usage_marks"}
    await restore(system, backup)
    reply = await system.ask(LOOK, Role.SUPPORT)
    assert reply.errors == []
    profiles = [node["profile"] for node in reply.data["users"]["nodes"]]
    assert {"name": None, "license": "pro"} in profiles
    assert AUTHENTICATED["name"] not in str(reply.body)


@pytest.mark.parametrize("text", [ERASE_USER, ERASE_COMPANY])
async def test_a_restored_backup_is_erased_again(system: System, text: str) -> None:
    """The list outlives the restore; replayed, it erases what came back, keys too, but nobody who came later."""
    await live_a_little(system)
    backup, vault_keys = await dump(system), system.services.database.secrets["vault_keys"]
    old_keys = await vault_keys.find({"keyAltNames": COMPANY}).to_list(None)
    is_user = text is ERASE_USER
    assert (await system.ask(text, Role.PRIVACY_OFFICER, id=PERSON if is_user else COMPANY)).errors == []
    await restore(system, backup)
    if not is_user:  # the database of secrets was restored from an old copy, too
        await vault_keys.insert_many(old_keys)
    other = system.token(Role.USER, OTHER_PERSON, OTHER_COMPANY)
    await system.ask(SAVE_AUTHENTICATED, token=other, i={"name": "Grace"})
    erasures = await read_erasures(system.services.database)
    gone = await replay_all(system.services, erasures, utc_now())
    assert gone > 0
    assert [user["_id"] async for user in system.services.database["users"].find({})] == [OTHER_PERSON]
    assert await replay_all(system.services, erasures, utc_now()) == 0
    keys = await vault_keys.count_documents({"keyAltNames": COMPANY})
    assert keys == (1 if is_user else 0)


async def test_a_replay_is_receipted_where_it_erases_something(system: System) -> None:
    """The chain tells of what was erased again, about whom and by what; a replay that finds nothing adds no receipt."""
    await save_people(system)
    backup, receipts = await dump(system), system.services.database["access_receipts"]
    await system.ask(ERASE_USER, Role.PRIVACY_OFFICER, id=PERSON)
    await restore(system, backup)
    for _ in range(2):
        await replay_all(system.services, await read_erasures(system.services.database), utc_now())
    (told,) = await receipts.find({"actor": "scripts/replay-erasures"}).to_list(None)
    assert (told["fields"], told["subjectId"], told["granted"]) == (["Mutation.eraseUser"], PERSON, True)


async def test_what_came_in_the_moment_of_an_erasure_is_erased_again(system: System) -> None:
    """A replay goes up to that millisecond and takes it in, for the documents and for the key."""
    system.clock.stopped_at = utc_now().replace(microsecond=0)
    await save_people(system)
    backup, vault_keys = await dump(system), system.services.database.secrets["vault_keys"]
    old_keys = await vault_keys.find({"keyAltNames": COMPANY}).to_list(None)
    await system.ask(ERASE_COMPANY, Role.PRIVACY_OFFICER, id=COMPANY)
    await restore(system, backup)
    await vault_keys.insert_many([{**key, "creationDate": system.clock()} for key in old_keys])
    await replay_all(system.services, await read_erasures(system.services.database), utc_now())
    assert COMPANY not in str(await dump(system))
    assert await vault_keys.count_documents({"keyAltNames": COMPANY}) == 0


async def test_who_comes_back_after_an_erasure_stays(system: System) -> None:
    """A later replay erases what is older than the erasure only, and leaves the new key alone."""
    await save_people(system)
    await system.ask(ERASE_COMPANY, Role.PRIVACY_OFFICER, id=COMPANY)
    system.clock.move(minutes=1)
    await save_people(system)
    assert await replay_all(system.services, await read_erasures(system.services.database), system.clock()) == 0
    assert (await my_data(system, Role.USER))["held"]["profiles"][0]["name"] == AUTHENTICATED["name"]


async def test_who_comes_back_after_an_erasure_that_was_broken_off_stays(system: System) -> None:
    """The key was destroyed, then the server died; the company came back. A replay completes it and spares the new key."""
    await save_people(system)
    await system.ask(ERASE_COMPANY, Role.PRIVACY_OFFICER, id=COMPANY)
    erasures = system.services.database.secrets["erasures"]
    await erasures.update_one({}, {"$set": {"completedAt": None, "keyDestroyed": False}})
    system.clock.move(minutes=1)
    await save_people(system)
    assert await replay_all(system.services, await read_erasures(system.services.database), system.clock()) == 0
    assert (await my_data(system, Role.USER))["held"]["profiles"][0]["name"] == AUTHENTICATED["name"]
    listed = await erasures.find_one({})
    assert (listed["completedAt"] is None, listed["keyDestroyed"]) == (False, True)


async def test_an_erasure_that_was_broken_off_goes_on(system: System) -> None:
    """Noted but not completed, asked again it is completed under the same entry."""
    await save_people(system)
    await system.ask(ERASE_COMPANY, Role.PRIVACY_OFFICER, id=COMPANY)
    erasures = system.services.database.secrets["erasures"]
    await erasures.update_one({}, {"$set": {"completedAt": None}})
    reply = await system.ask(ERASE_COMPANY, Role.PRIVACY_OFFICER, id=COMPANY)
    assert reply.errors == []
    assert await erasures.count_documents({}) == 1
    assert (await erasures.find_one({}))["completedAt"] is not None


def test_every_collection_is_thought_of(system: System) -> None:
    """Each collection is erased from, or stands here with the reason why not."""
    without_person = {"census", "anonymous_usage", "usage_buckets", "error_groups", "error_daily", "error_sketches"}
    keys_and_marks = {"vault_settings", "usage_marks", "leases", "receipt_heads"}
    kept_as_evidence = {"access_receipts"}
    of_staff = {"support_lookups"}
    of_the_company = {"companies"}
    person = {holding.collection for holding in PERSON_HOLDINGS}
    known = person | without_person | keys_and_marks | kept_as_evidence | of_staff | of_the_company
    assert set(indexes_for(system.services.settings)) <= known
    company = {holding.collection for holding in COMPANY_HOLDINGS}
    kept = {"census", "anonymous_usage"} | keys_and_marks | kept_as_evidence | of_staff
    assert set(indexes_for(system.services.settings)) - kept == company


async def test_a_claim_dies_after_30_days_and_who_logs_in_stays(data_folder: Path) -> None:
    """MongoDB itself deletes the claim; the same person's own profile, saved with a token, has no end."""
    claim = {"msUpn": IDENTIFIED["msUpn"], "msTenantId": IDENTIFIED["msTenantId"]}
    with start_session_mongod(ttl_monitor_sleep_secs=1) as mongod:
        async with running_system(mongod.uri, data_folder) as system:
            users = system.services.database["users"]
            system.clock.move(days=-30, seconds=2)
            await system.ask(SAVE_IDENTIFIED, None, i=claim)
            stored = await users.find_one({"verified": False})
            system.clock.move(seconds=1)
            await system.ask(SAVE_IDENTIFIED, None, i=claim)  # which prolongs nothing
            again = await users.find_one({"verified": False})
            assert again["lastSeenAt"] > stored["lastSeenAt"]
            assert again["expiresAt"] == stored["expiresAt"] == stored["firstSeenAt"] + timedelta(days=30)
            await system.ask(SAVE_IDENTIFIED, Role.USER, i=claim)
            async with system.services.database.watch("users", [{"$match": {"operationType": "delete"}}]) as changes:
                deleted = await changes.next()
            assert deleted["documentKey"]["_id"] == stored["_id"]
            (kept,) = await users.find({}).to_list(None)
            assert (kept["personId"], "expiresAt" in kept) == (PERSON, False)


async def test_a_claim_saved_again_after_its_30_days_is_a_new_one(system: System) -> None:
    """MongoDB has not come to deleting the old one yet; the new one lives 30 days of its own, under an id of its own."""
    claim = {"msUpn": IDENTIFIED["msUpn"], "msTenantId": IDENTIFIED["msTenantId"]}
    users = system.services.database["users"]
    await system.ask(SAVE_IDENTIFIED, None, i=claim)
    (old,) = await users.find({}).to_list(None)
    system.clock.stopped_at = old["expiresAt"]
    await system.ask(SAVE_IDENTIFIED, None, i=claim)
    (new,) = await users.find({}).to_list(None)
    assert new["_id"] != old["_id"]
    assert (new["firstSeenAt"], new["expiresAt"]) == (old["expiresAt"], old["expiresAt"] + timedelta(days=30))


async def test_replay_after_a_restore_as_a_command(mongod: EmbeddedMongod, data_folder: Path, tmp_path: Path) -> None:
    """--save and --from carry the list to another database of secrets."""
    saved = tmp_path / "erasures.ndjson"
    async with running_system(mongod.uri, data_folder) as system:
        await save_people(system)
        await system.ask(ERASE_USER, Role.PRIVACY_OFFICER, id=PERSON)
        name = system.services.database.name
        assert "1 erasures saved" in await run_command(mongod, data_folder, name, "--save", str(saved))
        await system.services.database.secrets["erasures"].delete_many({})
        await save_people(system)
        assert "1 erasures replayed, 0" in await run_command(mongod, data_folder, name, "--from", str(saved))
        await system.services.database["users"].update_many(
            {}, {"$set": {"collectedAt": utc_now() - timedelta(days=1)}}
        )
        assert "1 erasures replayed, 2" in await run_command(mongod, data_folder, name)
        assert await system.services.database["users"].count_documents({}) == 0


async def run_command(mongod: EmbeddedMongod, data_folder: Path, database: str, *arguments: str) -> str:
    """Run scripts/replay-erasures as an operator does."""
    environment = {**os.environ, "MONGODB_URI": mongod.uri, "MONGODB_DATABASE": database, "DATA_DIR": str(data_folder)}
    command = (sys.executable, "-m", "scripts.commands.replay_erasures", *arguments)
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


async def test_an_erasure_that_was_broken_off_goes_on_by_the_id_that_was_asked_for(system: System) -> None:
    """An identified profile has an id of its own; with the profile gone, that id leads to what is left all the same."""
    await live_a_little(system)
    identified = await system.services.database["users"].find_one({"kind": "IDENTIFIED"})
    erasure = {"_id": "e1", "kind": "USER", "askedId": identified["_id"], "subjectId": PERSON, "companyId": COMPANY}
    state: dict[str, Any] = {
        "erasedAt": system.clock() - timedelta(days=2),  # what has come since is to go as well
        "completedAt": None,
        "receiptSequence": 1,
        "keyDestroyed": False,
        "counts": {},
    }
    await system.services.database.secrets["erasures"].insert_one({**erasure, **state})
    await system.services.database["users"].delete_many({"personId": PERSON})  # so far it came
    reply = await system.ask(ERASE_USER, Role.PRIVACY_OFFICER, id=identified["_id"])
    assert reply.errors == []
    counts = {each["collection"]: each["count"] for each in reply.data["eraseUser"]["counts"]}
    assert counts["events"] == counts["errors"] == 1
    left = await dump(system)
    assert not any(PERSON in str(rows) for rows in left.values())
    (listed,) = await read_erasures(system.services.database)
    assert listed["completedAt"] is not None
    again = await system.ask(ERASE_USER, Role.PRIVACY_OFFICER, id=identified["_id"])
    assert again.data == reply.data  # also by that id: the answer may have been lost
