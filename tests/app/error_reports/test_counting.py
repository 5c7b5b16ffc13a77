"""Counting across processes: who begins a group inserts it, and who comes after adds to it; people as numbers."""

from motor.motor_asyncio import AsyncIOMotorClient

from app.database.client import Database
from app.error_reports.additions import Accepted
from app.error_reports.counting import ALL, ReportCounter
from app.error_reports.model import Report
from app.error_reports.people import register_of
from tests.harness.system import System


async def test_workers_that_begin_the_same_group_add_up(system: System) -> None:
    """Neither knows of the other; each counts twice: a group that is new to it, and one that it knows."""
    database, now = system.services.database, system.clock()
    groups = ["a" * 32, "b" * 32]
    reports = [Report({"kind": "EXCEPTION", "groupId": group, "code": "E1"}, {}) for group in groups]
    workers = (ReportCounter(database), ReportCounter(database))
    for worker in (*workers, *workers):
        await worker.count(Accepted("c1", "u1", reports, now))
        await worker.settled()
    rows = await database["error_groups"].find({}).to_list(None)
    assert {row["_id"] for row in rows} == {f"{owner}/{group}" for owner in ("c1", ALL) for group in groups}
    assert {(row["count"], row["code"], len(row["people"])) for row in rows} == {(4, "E1", 1)}


async def test_nothing_is_counted_twice_where_a_part_fails(system: System) -> None:
    """Another's transaction holds the day's count until the write gives up; what groups gained is not added again."""
    database, now = system.services.database, system.clock()
    accepted = Accepted("c1", "u1", [Report({"kind": "OTHER", "groupId": "d" * 32}, {})], now)
    first = ReportCounter(database)
    await first.count(accepted)
    await first.settled()
    uri = system.services.settings.mongodb_uri.get_secret_value()
    impatient = Database(AsyncIOMotorClient(uri, socketTimeoutMS=300), database.name)
    second = ReportCounter(impatient)
    async with database.session() as session, session.start_transaction():
        await database["error_daily"].update_many({}, {"$inc": {"count": 1}}, session=session)
        for _ in range(2):
            await second.count(accepted)
        await second.settled()
        await session.abort_transaction()
    await impatient.close()
    row = await database["error_groups"].find_one({"_id": f"c1/{'d' * 32}"})
    assert row["count"] == 3


async def test_a_known_group_that_died_begins_again(system: System) -> None:
    """MongoDB deletes a group 15 days after its last report; the next one makes it anew."""
    database, now = system.services.database, system.clock()
    counter = ReportCounter(database)
    accepted = Accepted("c1", None, [Report({"kind": "OTHER", "groupId": "c" * 32}, {})], now)
    await counter.count(accepted)
    await counter.settled()
    await database["error_groups"].delete_many({})
    await counter.count(accepted)
    await counter.settled()
    row = await database["error_groups"].find_one({"_id": f"c1/{'c' * 32}"})
    assert (row["count"], row["firstSeenAt"]) == (1, now)


def test_a_person_cannot_be_followed_from_group_to_group() -> None:
    """The registers of two groups tell nothing of whether the same people are in both."""
    people = [f"person {number}" for number in range(50)]
    first, second = ([register_of(group, person) for person in people] for group in ("a" * 32, "b" * 32))
    assert sum(one == other for one, other in zip(first, second, strict=True)) < 5
