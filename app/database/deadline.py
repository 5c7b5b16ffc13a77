"""The time budget of an operation, for the database too: what takes longer is ended there as here.

The budget travels with the task: the driver sends what is left of it as `maxTimeMS` with each command and bounds its
own waiting by it. A database that is away is told after `away_seconds` already, not at the end of the budget.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pymongo

from app.database.client import Database
from app.errors import unavailable
from app.log import log
from app.time_limit import TimeLimit

Result = TypeVar("Result")


class Deadline:
    """Runs operations on one database within the same budget each."""

    def __init__(self, database: Database, seconds: float, *, away_seconds: float = 3.0) -> None:
        """Give each operation so many seconds, and a database that is away fewer."""
        self._database = database
        self._limit = TimeLimit(seconds, early_seconds=away_seconds, is_hopeless=lambda: database.is_away)

    async def run(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Return what `work` returns; raises `TimeoutError` after the budget, `UNAVAILABLE` if the database is away."""
        with pymongo.timeout(self._limit.seconds):
            try:
                with self._limit.start():
                    return await work()
            except TimeoutError:
                if self._database.is_away:
                    log.warning("database_away")
                    raise unavailable() from None
                raise
