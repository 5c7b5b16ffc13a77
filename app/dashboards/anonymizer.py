"""Keeps the anonymous store up to date in the background: within seconds of a day's end, by one process at a time.

Where the database is large or slow freshness gives way (`rounds.py`), and `asOf` says so. A host whose clock is wrong
leaves it to others.
"""

import secrets
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.clock import Clock
from app.dashboards.rebuilding import mark_recent, rebuild_marked
from app.database.client import Database
from app.database.clock_watch import ClockWatch
from app.database.leases import take_lease
from app.database.rounds import in_rounds
from app.usage.buckets import MARKS
from app.usage.folding import day_of

JOB = "anonymous usage"
LEASE = timedelta(seconds=30)
PAUSE_SECONDS = 0.5


def anonymizing(database: Database, clock: Clock, watch: ClockWatch) -> AbstractAsyncContextManager[None]:
    """Publish what changes and what is over, for the length of the block."""
    return in_rounds(_Anonymizer(database, clock, watch).work, PAUSE_SECONDS, "anonymous_usage_waits")


@dataclass(slots=True)
class _Anonymizer:
    """The work of one process."""

    database: Database
    clock: Clock
    watch: ClockWatch
    holder: str = field(default_factory=lambda: secrets.token_hex(8))
    marked_on: datetime | None = None

    async def work(self) -> None:
        today = day_of(self.clock())
        if today != self.marked_on:
            await mark_recent(self.database, today)
            self.marked_on = today
        await rebuild_once(self.database, self.clock, self.watch, self.holder)


async def rebuild_once(database: Database, clock: Clock, watch: ClockWatch, holder: str) -> int:
    """Rebuild what is marked if nobody else does at present; returns how many days.

    Raises `UNAVAILABLE` while this host's clock is wrong: it tells which days are over.
    """
    if await database[MARKS].find_one({}, {"_id": 1}) is None:
        return 0
    await watch.check()  # before the turn is taken, which a host with a right clock can use
    today = day_of(clock())
    turn = await take_lease(database, JOB, holder, LEASE)
    return 0 if turn is None else await rebuild_marked(database, turn, today)
