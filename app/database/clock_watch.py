"""Compares this host's clock with the database's, which all hosts share.

A host that is far ahead would date receipts into the future, and with them all that follow in the chain, whose times
never run backwards: a wrong "when" for years. So it is refused at the source.
"""

import time
from datetime import UTC, datetime, timedelta

from app.clock import Clock, utc_now
from app.database.client import Database
from app.errors import unavailable
from app.log import log

TOLERANCE = timedelta(minutes=5)
ASK_AGAIN_SECONDS = 60.0


class ClockWatch:
    """How far this host's clock is from the database's; asks once a minute at most."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        """Ask nothing yet."""
        self._database = database
        self._clock = clock
        self._asked_at: float | None = None
        self._ahead = timedelta(0)

    async def ahead(self) -> timedelta:
        """Return how far this host is ahead; raises what the driver raises."""
        now = time.monotonic()
        if self._asked_at is None or now - self._asked_at > ASK_AGAIN_SECONDS:
            told: datetime = (await self._database.raw.command("hello"))["localTime"]
            # What the answer took on its way makes us seem ahead; it is far below the tolerance.
            self._ahead = self._clock() - (told if told.tzinfo else told.replace(tzinfo=UTC))
            self._asked_at = now
        return self._ahead

    async def check(self) -> None:
        """Raise `UNAVAILABLE` where this host's clock cannot be right."""
        ahead = await self.ahead()
        if abs(ahead) > TOLERANCE:
            log.error("clock_differs", seconds=round(ahead.total_seconds()))
            raise unavailable("This server's clock differs from its database's. Try again, or tell its operator.")
