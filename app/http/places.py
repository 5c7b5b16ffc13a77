"""How much may stay open: a connection holds memory, a live operation reads anew with each change."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import AppError, ErrorCode

TOTAL_MAX = 2_000  # of one process
EACH_MAX = 100  # of one address: an office behind one line
LIVE_MAX = 50  # of one caller: each change of a company's usage is read once for each of them
WAIT_SECONDS = 10


class Places:
    """What stays open in this process, by whose it is: WebSockets and event streams, and what runs over them."""

    def __init__(self, total_max: int = TOTAL_MAX, each_max: int = EACH_MAX, name: str = "open connections") -> None:
        """Allow so many in all, and so many of one key; `name` is what refusals call them."""
        self._name = name
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
            message = f"Too many {self._name}. Close one before the next."
            raise AppError(ErrorCode.RATE_LIMITED, message, retryAfterSeconds=WAIT_SECONDS, limit=self._name)
        self._taken[key] += 1
        self._total += 1
        try:
            yield
        finally:
            self._total -= 1
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
