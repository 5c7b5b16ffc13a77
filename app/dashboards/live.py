"""Tells those who watch a dashboard that usage of their company changed, at most once a second each.

One change stream for the whole process, opened with the first watcher and closed with the last; it reads the marks that
each commit of usage leaves, one small document a day and commit, rather than every event. When the stream is lost, all
are told once it is back: something may have changed meanwhile.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from dataclasses import dataclass, field

from pymongo.errors import PyMongoError

from app.database.client import Database, Document
from app.log import describe_exception, log
from app.usage.buckets import MARKS

COALESCE_SECONDS = 1.0
RETRY_SECONDS = 1.0
_NEW_MARKS: list[Document] = [{"$match": {"operationType": "insert"}}, {"$project": {"fullDocument.companyIds": 1}}]


@dataclass(slots=True, eq=False)
class UsageChanges:
    """The watchers of this process."""

    database: Database
    _watchers: dict[str, set[asyncio.Event]] = field(default_factory=lambda: defaultdict(set))
    _task: asyncio.Task[None] | None = None
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    async def changes(self, company_id: str) -> AsyncGenerator[None, None]:
        """Give a signal at once and then whenever the company's usage has changed, at most one a second."""
        loop = asyncio.get_running_loop()
        async with self._watching(company_id) as changed:
            while True:
                changed.clear()
                given_at = loop.time()
                yield
                await changed.wait()
                await asyncio.sleep(max(0.0, given_at + COALESCE_SECONDS - loop.time()))

    @asynccontextmanager
    async def _watching(self, company_id: str) -> AsyncIterator[asyncio.Event]:
        changed = asyncio.Event()
        self._watchers[company_id].add(changed)
        if self._task is None:
            # A context of its own: the first watcher's time budget is not that of the others.
            self._task = asyncio.create_task(self._watch(), context=Context())
        try:
            await self._open.wait()
            yield changed
        finally:
            self._watchers[company_id].discard(changed)
            if not self._watchers[company_id]:
                del self._watchers[company_id]
            if not self._watchers:
                await self.close()

    async def close(self) -> None:
        """Close the change stream."""
        task, self._task = self._task, None
        self._open.clear()
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            try:
                async with self.database.watch(MARKS, _NEW_MARKS) as stream:
                    self._open.set()
                    self._tell(list(self._watchers))
                    async for change in stream:
                        self._tell(change["fullDocument"]["companyIds"])
            except PyMongoError as error:
                log.warning("usage_changes_lost", **describe_exception(error))
            await asyncio.sleep(RETRY_SECONDS)

    def _tell(self, companies: Iterable[str]) -> None:
        for company_id in companies:
            for changed in self._watchers.get(company_id, ()):
                changed.set()
