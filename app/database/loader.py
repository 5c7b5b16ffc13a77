"""Merges reads by id: while one query is under way, the ids that others want gather and go out as the next one.

Sixteen callers then cost one or two round trips instead of sixteen. Documents are handed to several operations at once:
nobody changes them, and what a caller may see of one is decided after loading, per operation.
"""

import asyncio
from collections.abc import Hashable
from contextvars import Context
from itertools import chain

from app.database.client import Database, Document
from app.database.gathering import let_gather
from app.database.rows import find_rows

MERGED_MAX = 500


class MergedReads:
    """Reads by `_id` of one collection."""

    def __init__(self, database: Database, collection: str) -> None:
        """Name the collection; nothing is read yet."""
        self._collection = database[collection]
        self._waiting: dict[Hashable, list[asyncio.Future[Document | None]]] = {}
        self._reader: asyncio.Task[None] | None = None

    async def get(self, identity: str) -> Document | None:
        """Return the document with this `_id` as it is now, or None; raises what the driver raises."""
        # A future of one's own: one caller who gives up must not take the answer from the others.
        future: asyncio.Future[Document | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(identity, []).append(future)
        if self._reader is None:
            # A context of its own: the first caller's time budget is not that of the others.
            self._reader = asyncio.create_task(self._read_waiting(), context=Context())
        return await future

    async def _read_waiting(self) -> None:
        try:
            while self._waiting:
                await let_gather(self._waiting)
                batch = dict(list(self._waiting.items())[:MERGED_MAX])
                for identity in batch:
                    del self._waiting[identity]
                await self._read(batch)
        finally:
            self._reader = None

    async def _read(self, batch: dict[Hashable, list[asyncio.Future[Document | None]]]) -> None:
        try:
            ids = list(batch)
            wanted = {"$in": ids} if len(ids) > 1 else ids[0]
            rows = await find_rows(self._collection, {"_id": wanted}, limit=len(ids))
        except Exception as error:  # noqa: BLE001 - handed to each who waits, who raises it
            for future in chain.from_iterable(batch.values()):
                if not future.done():  # done here means that its caller has gone
                    future.set_exception(error)
            return
        found = {row["_id"]: row for row in rows}
        for identity, futures in batch.items():
            for future in futures:
                if not future.done():
                    future.set_result(found.get(identity))
