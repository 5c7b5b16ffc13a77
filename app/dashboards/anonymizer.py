"""Keeps the anonymous store up to date in the background: within seconds of a day's end, by one process at a time.

After each round it rests for a multiple of the time that the round took, so that it never uses more than a fifth of a
database that is large or slow; freshness gives way then, and `asOf` says so. A round that fails is followed by another,
and a host whose clock is wrong leaves it to others.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from app.clock import Clock
from app.dashboards.rebuilding import mark_recent, rebuild_marked
from app.database.client import Database
from app.database.clock_watch import ClockWatch
from app.database.leases import take_lease
from app.log import describe_exception, log
from app.usage.buckets import MARKS
from app.usage.folding import day_of

JOB = "anonymous usage"
LEASE = timedelta(seconds=30)
PAUSE_SECONDS = 0.5
REST_FACTOR = 4


@asynccontextmanager
async def anonymizing(database: Database, clock: Clock, watch: ClockWatch) -> AsyncIterator[None]:
    """Publish what changes and what is over, for the length of the block."""
    task = asyncio.create_task(_run(database, clock, watch, secrets.token_hex(8)))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _run(database: Database, clock: Clock, watch: ClockWatch, holder: str) -> None:
    marked_on: datetime | None = None
    while True:
        started = time.monotonic()
        try:
            today = day_of(clock())
            if today != marked_on:
                await mark_recent(database, today)
                marked_on = today
            await rebuild_once(database, clock, watch, holder)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody else would begin the work again
            log.warning("anonymous_usage_waits", **describe_exception(error))
        await asyncio.sleep(max(PAUSE_SECONDS, REST_FACTOR * (time.monotonic() - started)))


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
