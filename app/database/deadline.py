"""The time budget of an operation, for the database too: what takes longer is ended there as here.

The budget travels with the task: the driver sends what is left of it as `maxTimeMS` with each command and bounds its
own waiting by it. A database that is away is told after `AWAY_SECONDS` already, not at the end of the budget.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pymongo

from app.database.client import Database
from app.errors import unavailable
from app.log import log

AWAY_SECONDS = 3.0

Result = TypeVar("Result")


async def run_within(database: Database, seconds: float, work: Callable[[], Awaitable[Result]]) -> Result:
    """Return what `work` returns; raises `TimeoutError` after `seconds`, `UNAVAILABLE` when the database is away."""
    with pymongo.timeout(seconds):
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as limit:
                end = loop.time() + seconds
                watch = loop.call_later(min(seconds, AWAY_SECONDS), _end_or_wait_on, database, limit, end)
                try:
                    return await work()
                finally:
                    watch.cancel()
        except TimeoutError:
            if database.is_away:
                log.warning("database_away")
                raise unavailable() from None
            raise


def _end_or_wait_on(database: Database, limit: asyncio.Timeout, end: float) -> None:
    """End what waits for a database that is away, and let other work go on until its end."""
    if not limit.expired():
        limit.reschedule(asyncio.get_running_loop().time() if database.is_away else end)
