"""Callers that come together share a transaction, and nobody's trouble is another's."""

import asyncio
from datetime import UTC, datetime

from app.usage.recording import Outcome, Recorder
from tests.harness.recount import check_recount
from tests.harness.system import System
from tests.harness.usage import new_id

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def event(company: str, **changes: object) -> dict[str, object]:
    """A stored event."""
    stamp = {"receivedAt": NOW, "practicesVersion": "1"}
    return {"companyId": company, "eventId": new_id(), "name": "REQUEST_APPROVED", "occurredAt": NOW, **stamp} | (
        {"requestId": new_id()} | changes
    )


async def test_an_event_that_may_not_be_stored_costs_only_itself(system: System) -> None:
    """MongoDB's validator refuses it; the other events of its caller and of others are taken."""
    recorder = Recorder(system.services.database)
    outcomes = await asyncio.gather(
        recorder.record([event("A"), event("A", msUpn="x"), event("A")]),
        *(recorder.record([event("B")]) for _ in range(4)),
    )
    assert outcomes[0] == [Outcome.ACCEPTED, Outcome.INVALID, Outcome.ACCEPTED]
    assert outcomes[1:] == [[Outcome.ACCEPTED]] * 4
    await asyncio.sleep(0)
    assert await system.services.database["events"].count_documents({"ordinal": 1}) == 6


async def test_the_same_event_id_of_two_companies_is_two_events(system: System) -> None:
    """Nobody's id makes another's event a duplicate, in one call or in two."""
    recorder = Recorder(system.services.database)
    same = {"eventId": new_id()}
    assert await recorder.record([event("A", **same), event("B", **same)]) == [Outcome.ACCEPTED] * 2
    assert await recorder.record([event("C", **same), event("A", **same)]) == [Outcome.ACCEPTED, Outcome.DUPLICATE]
    paths = [event("/a", eventId="b/x"), event("/a/b", eventId="x"), event("", eventId="a/b/x")]
    assert await recorder.record(paths) == [Outcome.ACCEPTED] * 3


async def test_two_workers_on_one_company_count_everything_once(system: System) -> None:
    """Each moves to a writer slot of its own when they meet; the slots add up."""
    workers = [Recorder(system.services.database) for _ in range(3)]
    shared = [event("A") for _ in range(30)]
    results = await asyncio.gather(
        *(worker.record([event("A") for _ in range(10)] + shared[turn : turn + 10])
          for turn in range(0, 30, 5) for worker in workers)
    )  # fmt: skip
    taken = sum(outcomes.count(Outcome.ACCEPTED) for outcomes in results)
    assert taken == 18 * 10 + 30 == await system.services.database["events"].count_documents({})
    buckets = await system.services.database["usage_buckets"].find({"kind": "COUNTS"}).to_list(None)
    assert sum(bucket["counts"]["REQUEST_APPROVED"] for bucket in buckets) == taken
    async with asyncio.timeout(10):
        while await system.services.database["usage_marks"].find_one({}):  # noqa: ASYNC110 - done in the background
            await asyncio.sleep(0.05)
    await check_recount(system.services.database)
