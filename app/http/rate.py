"""Meters callers in constant memory: a window of one minute, by address before the token is verified, by caller after.

The counting is the `limits` library's; its store is this process's memory unless a shared one is set.
"""

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from app.errors import AppError, ErrorCode


class RateLimiter:
    """Counts calls of a key in the last minute."""

    def __init__(self, calls_per_minute: int, purpose: str) -> None:
        """Allow so many calls a minute of each key."""
        self._item = RateLimitItemPerMinute(calls_per_minute, namespace=purpose)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def count(self, key: str) -> None:
        """Count a call; raises `RATE_LIMITED` with the seconds to wait."""
        if not await self._limiter.hit(self._item, key):
            raise AppError(
                ErrorCode.RATE_LIMITED,
                f"More than {self._item.amount} calls in a minute. Wait before the next.",
                retryAfterSeconds=WAIT_SECONDS,
                limit="calls per minute",
                maximum=self._item.amount,
            )


WAIT_SECONDS = 10
