"""The keeper of the anonymous store goes by a clock that it trusts, or waits."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.clock import utc_now
from app.dashboards.anonymizer import anonymizing
from app.dashboards.anonymous import ANONYMOUS
from app.database.client import Database
from app.database.clock_watch import ClockWatch
from app.database.embedded import EmbeddedMongod
from app.database.leases import LEASES
from app.usage.buckets import MARKS
from app.usage.recording import Recorder
from tests.harness.databases import fresh_database
from tests.harness.usage import new_id

DAY = datetime(2026, 1, 1, tzinfo=UTC)
NEXT_DAY = DAY + timedelta(days=1)


@dataclass
class HostClock:
    """A host's clock that is wrong until it is set, and tells when it has been looked at in two rounds."""

    is_wrong: bool = True
    looks: int = 0
    in_two_rounds: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self) -> datetime:
        """Return what it shows."""
        self.looks += 1
        if self.looks > 1:  # the first look at the database's clock needs only one at this one
            self.in_two_rounds.set()
        return utc_now() + timedelta(days=self.is_wrong)


async def record_a_day(database: Database) -> None:
    """Record an event of five companies."""
    stamp = {"occurredAt": DAY, "receivedAt": DAY, "practicesVersion": "1", "name": "REQUEST_APPROVED"}
    events = [{"companyId": new_id(), "eventId": new_id(), "requestId": new_id(), **stamp} for _ in range(5)]
    await Recorder(database).record(events)


async def test_no_day_is_published_by_a_wrong_clock_and_all_are_when_it_is_right(mongod: EmbeddedMongod) -> None:
    """A host ahead would publish a day that is not over, and what comes of it later would wait for five companies."""
    clock = HostClock()
    async with fresh_database(mongod.uri) as database:
        await record_a_day(database)
        async with anonymizing(database, lambda: NEXT_DAY, ClockWatch(database, clock)), asyncio.timeout(20):
            await clock.in_two_rounds.wait()
            assert await database[ANONYMOUS].count_documents({}) == 0
            assert await database[MARKS].count_documents({}) > 0
            assert await database[LEASES].count_documents({}) == 0  # another host can have the turn
            clock.is_wrong = False
            while not await database[ANONYMOUS].find_one({"interval": "DAY"}):  # noqa: ASYNC110 - in the background
                await asyncio.sleep(0.05)


async def test_a_mark_that_cannot_be_read_ends_no_work(mongod: EmbeddedMongod) -> None:
    """A mark of no day is met in each round; after it there is another one."""
    rounds, third = [], asyncio.Event()

    def clock() -> datetime:
        rounds.append(utc_now())
        if len(rounds) == 3:
            third.set()
        return rounds[-1]

    async with fresh_database(mongod.uri) as database:
        await database[MARKS].insert_one({"companyIds": []})
        async with asyncio.timeout(20), anonymizing(database, clock, ClockWatch(database, utc_now)):
            await third.wait()
