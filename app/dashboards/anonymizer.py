"""Keeps the anonymous store up to date in the background: within about a second, by one process at a time.

After each round it rests for a multiple of the time that the round took, so that it never uses more than a fifth of a
database that is large or slow; freshness gives way then, and `asOf` says so.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from pymongo.errors import PyMongoError

from app.dashboards.anonymous import TurnOverError, rebuild_marked
from app.database.client import Database
from app.database.leases import take_lease
from app.log import describe_exception, log
from app.usage.buckets import MARKS

JOB = "anonymous usage"
LEASE = timedelta(seconds=30)
PAUSE_SECONDS = 0.5
REST_FACTOR = 4


@asynccontextmanager
async def anonymizing(database: Database) -> AsyncIterator[None]:
    """Rebuild what changes, for the length of the block."""
    task = asyncio.create_task(_run(database, secrets.token_hex(8)))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _run(database: Database, holder: str) -> None:
    while True:
        started = time.monotonic()
        try:
            await rebuild_once(database, holder)
        except (PyMongoError, TurnOverError) as error:
            log.warning("anonymous_usage_waits", **describe_exception(error))
        await asyncio.sleep(max(PAUSE_SECONDS, REST_FACTOR * (time.monotonic() - started)))


async def rebuild_once(database: Database, holder: str) -> int:
    """Rebuild what is marked if nobody else does at present; returns how many days."""
    if await database[MARKS].find_one({}, {"_id": 1}) is None:
        return 0
    turn = await take_lease(database, JOB, holder, LEASE)
    return 0 if turn is None else await rebuild_marked(database, turn)
