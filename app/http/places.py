"""How many connections may stay open: each holds memory for as long as its owner likes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import AppError, ErrorCode

TOTAL_MAX = 2_000  # of one process
EACH_MAX = 100  # of one address: an office behind one line
WAIT_SECONDS = 10


class Places:
    """The open WebSockets and event streams of this process, by address."""

    def __init__(self, total_max: int = TOTAL_MAX, each_max: int = EACH_MAX) -> None:
        """Allow so many in all, and so many of one key."""
        self._total_max = total_max
        self._each_max = each_max
        self._taken: Counter[str] = Counter()
        self._total = 0

    def __len__(self) -> int:
        return self._total

    @contextmanager
    def take(self, key: str) -> Iterator[None]:
        """Hold a place for the length of the block; raises `RATE_LIMITED` when there is none."""
        if self._total >= self._total_max or self._taken[key] >= self._each_max:
            message = "Too many open connections. Close one before the next."
            raise AppError(ErrorCode.RATE_LIMITED, message, retryAfterSeconds=WAIT_SECONDS, limit="open connections")
        self._taken[key] += 1
        self._total += 1
        try:
            yield
        finally:
            self._total -= 1
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
