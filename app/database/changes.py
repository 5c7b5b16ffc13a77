"""Tells watchers in this process what changed in a collection, at most once a pause each.

One change stream for all watchers of a collection, opened with the first and closed with the last. When the stream was
lost, or gave what cannot be read, all are told `REOPENED` once it is back: something may have changed meanwhile that
nobody can name any more.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from dataclasses import dataclass, field

from app.database.client import Database, Document
from app.log import describe_exception, log

RETRY_SECONDS = 1.0
REOPENED = "*"


@dataclass(slots=True, eq=False)
class Watcher:
    """One who waits: what has changed since the last look."""

    changed: asyncio.Event = field(default_factory=asyncio.Event)
    what: set[str] = field(default_factory=set)

    def tell(self, what: str) -> None:
        """Note what changed."""
        self.what.add(what)
        self.changed.set()

    async def take(self) -> frozenset[str]:
        """Wait for a change and return all that changed since the last look."""
        await self.changed.wait()
        self.changed.clear()
        taken = frozenset(self.what)
        self.what.clear()
        return taken


@dataclass(slots=True, eq=False)
class Changes:
    """The watchers of one collection. `read` gives of a change the pairs (key that watches, what changed)."""

    database: Database
    collection: str
    pipeline: Sequence[Document]
    read: Callable[[Document], Iterable[tuple[str, str]]]
    pause_seconds: float = 1.0
    options: Document = field(default_factory=dict)
    _watchers: dict[str, set[Watcher]] = field(default_factory=lambda: defaultdict(set))
    _task: asyncio.Task[None] | None = None
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_watching(self) -> bool:
        """Whether the change stream is wanted now."""
        return self._task is not None

    @property
    def is_open(self) -> bool:
        """Whether the change stream is open: what changes from now on is told."""
        return self._open.is_set()

    async def changes(self, keys: Collection[str]) -> AsyncGenerator[frozenset[str], None]:
        """Give an empty set at once, and then what has changed under these keys, at most once a pause."""
        loop = asyncio.get_running_loop()
        async with self._watching(keys) as watcher:
            told: frozenset[str] = frozenset()
            while True:
                given_at = loop.time()
                yield told
                await watcher.changed.wait()
                await asyncio.sleep(max(0.0, given_at + self.pause_seconds - loop.time()))
                told = await watcher.take()

    @asynccontextmanager
    async def _watching(self, keys: Collection[str]) -> AsyncIterator[Watcher]:
        watcher = Watcher()
        for key in keys:
            self._watchers[key].add(watcher)
        if self._task is None:
            # A context of its own: the first watcher's time budget is not that of the others.
            self._task = asyncio.create_task(self._watch(), context=Context())
        try:
            await self._open.wait()
            yield watcher
        finally:
            for key in keys:
                self._watchers[key].discard(watcher)
                if not self._watchers[key]:
                    del self._watchers[key]
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
                async with self.database.watch(self.collection, self.pipeline, **self.options) as stream:
                    if self._open.is_set():
                        self._tell((key, REOPENED) for key in list(self._watchers))
                    self._open.set()
                    async for change in stream:
                        self._tell(self.read(change))
            except Exception as error:  # noqa: BLE001 - whatever it is, those who watch go on waiting
                log.warning("changes_lost", collection=self.collection, **describe_exception(error))
            await asyncio.sleep(RETRY_SECONDS)

    def _tell(self, told: Iterable[tuple[str, str]]) -> None:
        for key, what in told:
            for watcher in self._watchers.get(key, ()):
                watcher.tell(what)
