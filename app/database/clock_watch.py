"""Compares this host's clock with the database's, which all hosts share.

A host that is far ahead would date receipts into the future, and with them all that follow in the chain, whose times
never run backwards: a wrong "when" for years. So it is refused at the source.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from app.clock import Clock, utc_now
from app.database.client import Database
from app.errors import unavailable
from app.log import log

TOLERANCE = timedelta(minutes=5)
ASK_AGAIN_SECONDS = 60.0
STEP_SECONDS = 1.0  # far above what NTP slews within a minute (0.03 s), far below what would matter


class ClockWatch:
    """How far this host's clock is from the database's; asks once a minute, and at once when the clock was stepped."""

    def __init__(
        self, database: Database, clock: Clock = utc_now, steady: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the clock to watch, and one in seconds that nobody sets; ask nothing yet."""
        self._database = database
        self._clock = clock
        self._steady = steady
        self._asked_at: tuple[datetime, float] | None = None
        self._ahead = timedelta(0)

    async def ahead(self) -> timedelta:
        """Return how far this host is ahead; raises what the driver raises."""
        if self._is_due():
            told: datetime = (await self._database.raw.command("hello"))["localTime"]
            now = self._clock()
            # What the answer took on its way makes us seem ahead; it is far below the tolerance.
            self._ahead = now - (told if told.tzinfo else told.replace(tzinfo=UTC))
            self._asked_at = now, self._steady()
        return self._ahead

    async def is_wrong(self) -> bool:
        """Return whether this host's clock cannot be right, which is logged; raises what the driver raises."""
        ahead = await self.ahead()
        if abs(ahead) <= TOLERANCE:
            return False
        log.error("clock_differs", seconds=round(ahead.total_seconds()))
        return True

    async def check(self) -> None:
        """Raise `UNAVAILABLE` where this host's clock cannot be right."""
        if await self.is_wrong():
            raise unavailable("This server's clock differs from its database's. Try again, or tell its operator.")

    def _is_due(self) -> bool:
        if self._asked_at is None:
            return True
        then, steady_then = self._asked_at
        passed = self._steady() - steady_then
        return passed > ASK_AGAIN_SECONDS or abs((self._clock() - then).total_seconds() - passed) > STEP_SECONDS
