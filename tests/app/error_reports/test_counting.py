"""Counting across processes: who begins a group inserts it, and who comes after adds to it; people as numbers."""

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
