"""Ends what takes too long: as `asyncio.timeout` does, with one timer for all work of a kind instead of one a piece.

Two timers that are set and cancelled were a twelfth of a small query's time in this process, network and sending apart.
Here one stands at the moment when the first piece is due; most pieces end long before, and touch it not at all.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextvars import Context
from types import TracebackType

Judge = Callable[[], bool]


def _never() -> bool:
    return False


class TimeLimit:
    """Limits each of many pieces of work to the same time: `with limit.start(): ...` raises `TimeoutError` after it.

    For one event loop at a time; what is under way on another when work begins here is let go.
    """

    def __init__(self, seconds: float, *, early_seconds: float | None = None, is_hopeless: Judge = _never) -> None:
        """Limit to `seconds`; after `early_seconds` a piece is ended already if `is_hopeless` says so then."""
        self.seconds = seconds
        self._first = seconds if early_seconds is None else min(early_seconds, seconds)
        self._is_hopeless = is_hopeless
        # By when they are due, which is the order of their beginning: all have the same time.
        self._young: OrderedDict[_Piece, float] = OrderedDict()
        self._old: OrderedDict[_Piece, float] = OrderedDict()  # looked at once
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next_look = 0.0

    def start(self) -> "_Piece":
        """Return what limits the block under it; of the task that runs now."""
        return _Piece(self)

    def _begin(self, piece: "_Piece", loop: asyncio.AbstractEventLoop) -> None:
        if loop is not self._loop:  # what stood on a loop that is gone would never fire
            self._loop, self._timer, self._young, self._old = loop, None, OrderedDict(), OrderedDict()
        due = self._young[piece] = loop.time() + self._first
        if self._timer is None or due < self._next_look:
            self._set_timer(loop, due)

    def _finish(self, piece: "_Piece") -> None:
        if self._young.pop(piece, None) is None:
            self._old.pop(piece, None)

    def _set_timer(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next_look = due
        self._timer = loop.call_at(due, self._look, loop, context=Context())

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the pieces that are due, and look again when the next one is."""
        if loop is not self._loop:
            return
        self._timer = None
        now = loop.time()
        for piece, _ in _take_due(self._old, now):
            piece.cancel()
        for piece, due in _take_due(self._young, now):
            if self._first == self.seconds or self._is_hopeless():
                piece.cancel()
            else:
                self._old[piece] = due + self.seconds - self._first
        heads = [next(iter(pieces.values())) for pieces in (self._young, self._old) if pieces]
        if heads:
            self._set_timer(loop, min(heads))


def _take_due(pieces: OrderedDict["_Piece", float], now: float) -> Iterator[tuple["_Piece", float]]:
    while pieces and next(iter(pieces.values())) <= now:
        yield pieces.popitem(last=False)


class _Piece:
    """One piece of work, ended by cancelling its task; a cancellation that others ask for stays theirs."""

    __slots__ = ("_asked_before", "_is_over", "_limit", "_task")

    def __init__(self, limit: TimeLimit) -> None:
        task = asyncio.current_task()
        if task is None:
            message = "a time limit is for work of a task"
            raise RuntimeError(message)
        self._limit = limit
        self._task = task
        self._is_over = False

    def __enter__(self) -> None:
        self._asked_before = self._task.cancelling()
        self._limit._begin(self, self._task.get_loop())  # noqa: SLF001 - two halves of one thing

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limit._finish(self)  # noqa: SLF001 - as above
        if self._is_over and self._task.uncancel() <= self._asked_before and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def cancel(self) -> None:
        """End it."""
        self._is_over = True
        self._task.cancel()
