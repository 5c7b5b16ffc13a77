"""Merges work that is done in batches: what comes while one batch is under way goes together as the next.

Promises each caller its own results in order. Where a merged batch fails each caller's part is tried alone, so that one
caller's fault does not become another's; but not where the work must not be done twice: then all of them fail.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from itertools import islice
from typing import Generic, TypeVar

from app.database.gathering import let_gather

Item = TypeVar("Item")
Result = TypeVar("Result")
ITEMS_MAX = 1_000


class MergedWork(Generic[Item, Result]):
    """One kind of work; `work` gives a result for each item, and harms nothing when done again if it `may_repeat`."""

    def __init__(
        self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], *, may_repeat: bool = True
    ) -> None:
        """Take the work; nothing is done yet."""
        self._work = work
        self._may_repeat = may_repeat
        self._waiting: list[tuple[Sequence[Item], asyncio.Future[list[Result]]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def run(self, items: Sequence[Item]) -> list[Result]:
        """Return the result of each item; raises what the work raises."""
        future: asyncio.Future[list[Result]] = asyncio.get_running_loop().create_future()
        self._waiting.append((items, future))
        if self._worker is None:
            # A context of its own: the first caller's time budget is not that of the others.
            self._worker = asyncio.create_task(self._work_off(), context=Context())
        return await future

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                await let_gather(self._waiting)
                await self._do(self._take())
        finally:
            self._worker = None
            for _, future in self._waiting:  # not empty only when this task was cancelled
                future.cancel()
            self._waiting.clear()

    def _take(self) -> list[tuple[Sequence[Item], asyncio.Future[list[Result]]]]:
        batch: list[tuple[Sequence[Item], asyncio.Future[list[Result]]]] = []
        count = 0
        while self._waiting and (not batch or count + len(self._waiting[0][0]) <= ITEMS_MAX):
            items, future = self._waiting.pop(0)
            if not future.done():  # done here means that its caller has gone
                batch.append((items, future))
                count += len(items)
        return batch

    async def _do(self, batch: Sequence[tuple[Sequence[Item], asyncio.Future[list[Result]]]]) -> None:
        try:
            results = iter(await self._work([item for items, _ in batch for item in items]) if batch else ())
        except Exception as error:  # noqa: BLE001 - handed to each who waits, who raises it
            if len(batch) > 1 and self._may_repeat:
                for part in batch:
                    if not part[1].done():  # as in `_take`, but while the others were tried
                        await self._do([part])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for items, future in batch:
            own = list(islice(results, len(items)))
            if not future.done():
                future.set_result(own)
