"""What was received before an erasure and comes to rest after it is erased again; who came back since stays (P11)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.database.embedded import EmbeddedMongod
from app.practices import CURRENT_VERSION
from app.subject_rights.erasing import read_erasures
from app.subject_rights.repeating import repeat_once, repeating
from app.usage.model import read_event
from app.usage.recording import Recorder
from auth.principal import Role
from graphql_schema.scalars import read_moment
from graphql_schema.subject_rights import erasing_of
from tests.app.error_reports.reports import make_report
from tests.app.error_reports.reports import send as send_reports
from tests.harness.people import AUTHENTICATED, COMPANY, PERSON, SAVE_AUTHENTICATED
from tests.harness.recount import check_recount
from tests.harness.system import System, running_system
from tests.harness.usage import created, new_id, send

ERASE_USER = "mutation($id: ID!) { eraseUser(id: $id) { erasedAt } }"
ERASE_COMPANY = "mutation($id: ID!) { eraseCompany(id: $id) { erasedAt } }"
COUNTED = ("error_groups", "error_daily", "error_sketches")
PERFORMANCE = {"operation": "load", "durationMs": 5.0}


async def erase(system: System, text: str, whose: str) -> None:
    """Erase, and let a moment pass for all that comes after."""
    assert (await system.ask(text, Role.PRIVACY_OFFICER, id=whose)).errors == []
    system.clock.move(seconds=1)


async def repeat(system: System) -> int:
    """Do the minute's work; returns how many erasures were repeated."""
    return await repeat_once(erasing_of(system.services), "test", system.clock())


async def report(system: System, number: int) -> None:
    """Have the person report errors, and wait until this process has counted them."""
    reports = [make_report(system, kind="PERFORMANCE", performance=PERFORMANCE) for _ in range(number)]
    assert (await send_reports(system, *reports, role=Role.USER)).data["recordErrors"]["accepted"] == number
    groups = "{ errorGroups(first: 9) { nodes { count } } }"  # which waits for it
    assert (await system.ask(groups, Role.COMPANY_ADMIN)).errors == []


async def counted(system: System) -> dict[str, int]:
    """Return how many reports each kind of count tells of for the company."""
    found = {}
    for name in COUNTED:
        rows = await system.services.database[name].find({"owner": COMPANY}).to_list(None)
        found[name] = sum(row["count"] for row in rows)
    return found


async def dump(system: System, *names: str) -> dict[str, list[Any]]:
    """Return the documents of some collections that are of the company."""
    own = {"$or": [{"companyId": COMPANY}, {"owner": COMPANY}, {"_id": COMPANY}]}
    return {name: await system.services.database[name].find(own).to_list(None) for name in names}


async def put_late(system: System, late: dict[str, list[Any]]) -> None:
    """Store documents as a worker does that was frozen meanwhile."""
    for name, documents in late.items():
        if documents:
            await system.services.database[name].insert_many(documents)


async def record_late(system: System, received_at: datetime, number: int) -> None:
    """Record events of calls that came in at a moment of before, as a worker does that was frozen meanwhile."""
    stamp = {"companyId": COMPANY, "userId": PERSON, "receivedAt": received_at, "practicesVersion": CURRENT_VERSION}
    items = [created(received_at, new_id())["requestCreated"] for _ in range(number)]
    given = [{"requestCreated": {**item, "occurredAt": read_moment(item["occurredAt"])}} for item in items]
    events = [{**read_event(item, received_at), **stamp} for item in given]
    await Recorder(system.services.database).record(events)


async def test_what_a_company_sent_before_goes_whenever_it_is_stored(system: System) -> None:
    """Reports, what they were counted in, and events with their numbers; nothing of the company is left."""
    before = system.clock()
    await report(system, 3)
    late = await dump(system, "errors", *COUNTED)
    await send(system, [created(before, new_id())], system.token(Role.USER))
    await erase(system, ERASE_COMPANY, COMPANY)
    await put_late(system, late)
    await record_late(system, before, 4)
    assert await repeat(system) == 1
    left = await dump(system, "errors", "events", "usage_buckets", *COUNTED)
    assert not any(left.values()), left


async def test_what_a_person_sent_before_goes_whenever_it_is_stored(system: System) -> None:
    """Their reports go and their events lose them, profiles too; the company's usage stays."""
    before = system.clock()
    await system.ask(SAVE_AUTHENTICATED, Role.USER, i=AUTHENTICATED)
    await report(system, 2)
    late = await dump(system, "errors", "users")
    await erase(system, ERASE_USER, PERSON)
    await put_late(system, late)
    await record_late(system, before, 2)
    await repeat(system)
    left = await dump(system, "errors", "users", "events")
    assert PERSON not in str(left)
    assert len(left["events"]) == 2
    await check_recount(system.services.database)


async def test_who_came_back_keeps_all_though_late_counts_are_mixed_into_it(system: System) -> None:
    """Counts of before are added to those of after; what is left is what the reports of after tell."""
    before = system.clock()
    await report(system, 3)
    late = await dump(system, *COUNTED)
    await erase(system, ERASE_COMPANY, COMPANY)
    await report(system, 2)
    expected = await dump(system, *COUNTED)
    for name, rows in late.items():
        for row in rows:
            await system.services.database[name].update_one({"_id": row["_id"]}, {"$inc": {"count": row["count"]}})
    await send(system, [created(system.clock(), new_id())], system.token(Role.USER))
    await record_late(system, before, 4)
    assert set((await counted(system)).values()) == {5}
    await repeat(system)
    assert await dump(system, *COUNTED) == expected
    assert await system.services.database["events"].count_documents({"companyId": COMPANY}) == 1
    await check_recount(system.services.database)


async def test_a_person_who_came_back_keeps_what_they_saved_since(system: System) -> None:
    """Also where a late call made their profile first: it tells what they saved last."""
    await system.ask(SAVE_AUTHENTICATED, Role.USER, i=AUTHENTICATED)
    late = await dump(system, "users")
    await erase(system, ERASE_USER, PERSON)
    await put_late(system, late)
    await system.ask(SAVE_AUTHENTICATED, Role.USER, i={**AUTHENTICATED, "license": "since"})
    await repeat(system)
    (user,) = (await dump(system, "users"))["users"]
    assert user["profile"]["license"] == "since"


async def test_a_repetition_that_finds_nothing_leaves_no_trace(system: System) -> None:
    """Neither a receipt nor a change of the list, nor of anything of a company that came back."""
    await report(system, 2)
    await send(system, [created(system.clock(), new_id())], system.token(Role.USER))
    await erase(system, ERASE_COMPANY, COMPANY)
    await report(system, 2)
    await system.ask(SAVE_AUTHENTICATED, Role.USER, i=AUTHENTICATED)
    await send(system, [created(system.clock(), new_id())], system.token(Role.USER))
    names = ("errors", "events", "usage_buckets", "users", *COUNTED)
    there, listed = await dump(system, *names), await read_erasures(system.services.database)
    receipts, keys = system.services.database["access_receipts"], system.services.database.secrets["vault_keys"]
    known = await receipts.count_documents({}), await keys.count_documents({})
    assert await repeat(system) == 1
    assert await dump(system, *names) == there
    assert await read_erasures(system.services.database) == listed
    assert (await receipts.count_documents({}), await keys.count_documents({})) == known


async def test_what_is_erased_late_is_receipted(system: System) -> None:
    """The chain tells that it was, and why."""
    await report(system, 1)
    late = await dump(system, "errors")
    await erase(system, ERASE_USER, PERSON)
    await put_late(system, late)
    await repeat(system)
    told = await system.services.database["access_receipts"].find_one({}, sort=[("_id", -1)])
    assert (told["actor"], told["subjectId"], "received before" in told["reason"]) == ("erasures", PERSON, True)


async def test_an_erasure_is_repeated_for_a_day(system: System) -> None:
    """Then no call of before can be under way; one that was broken off is left to who asked for it."""
    await report(system, 1)
    await erase(system, ERASE_USER, PERSON)
    system.clock.move(hours=23)
    assert await repeat(system) == 1
    await system.services.database.secrets["erasures"].update_one({}, {"$set": {"completedAt": None}})
    assert await repeat(system) == 0
    await system.services.database.secrets["erasures"].update_one({}, {"$set": {"completedAt": system.clock()}})
    system.clock.move(hours=2)
    assert await repeat(system) == 0


async def test_one_that_cannot_be_repeated_keeps_no_other_waiting(system: System) -> None:
    """An entry that nobody can read is named in the log; the next one is repeated all the same."""
    await report(system, 1)
    late = await dump(system, "errors")
    await erase(system, ERASE_USER, PERSON)
    await put_late(system, late)
    erasures = system.services.database.secrets["erasures"]
    (good,) = await erasures.find({}).to_list(None)
    times = dict.fromkeys(("erasedAt", "completedAt"), good["erasedAt"] - timedelta(seconds=1))
    await erasures.insert_one({"_id": "bad", "kind": "COMPANY", **times}, bypass_document_validation=True)
    assert await repeat(system) == 2
    assert not any((await dump(system, "errors")).values())


@asynccontextmanager
async def late_report(system: System) -> AsyncIterator[Any]:
    """Leave a report of an erased person behind; gives what is deleted of reports."""
    await report(system, 1)
    late = await dump(system, "errors")
    await erase(system, ERASE_USER, PERSON)
    await put_late(system, late)
    deletions = system.services.database.watch("errors", [{"$match": {"operationType": "delete"}}])
    async with asyncio.timeout(20), deletions as changes:
        yield changes


async def test_a_server_repeats_erasures_by_itself(system: System, mongod: EmbeddedMongod, data_folder: Path) -> None:
    """From its start on."""
    name = system.services.database.name
    async with late_report(system) as deletions, running_system(mongod.uri, data_folder, mongodb_database=name):
        await deletions.next()
    assert not any((await dump(system, "errors")).values())


async def test_an_error_does_not_end_the_repetition(system: System) -> None:
    """Whatever went wrong in one round, the next one is tried."""
    rounds: list[int] = []

    def clock() -> datetime:
        rounds.append(1)
        if len(rounds) < 3:
            raise RuntimeError
        return system.clock()

    work = repeating(erasing_of(system.services), clock, system.services.clock_watch, pause_seconds=0.01)
    async with late_report(system) as deletions, work:
        await deletions.next()
    assert len(rounds) >= 3
