"""Adds accepted reports to what is counted: groups, daily counts, quantiles of durations, quality of networks.

Each is added up twice: for the report's company, and for the vendor over all of them (`ALL`). Only what was accepted is
counted, so a report sent again changes nothing. After a crash between storing and counting, or where MongoDB refuses a
part of it, the counts lack what was not written of a batch: to write it again would count the rest twice. So they are
not read as truth. No text is kept but codes and the names of operations, which die with the reports.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextvars import Context

from pymongo.errors import PyMongoError

from app.database.client import Database, Document
from app.database.merging import MergedWork
from app.error_reports.additions import Accepted, Additions, Owned
from app.log import describe_exception, log

ALL = "ALL"  # in place of a company id: the vendor's view
CALLS_WAITING_MAX = 32  # bounds the memory of what is not counted yet
STATEMENTS_MAX = 5_000
GROUPS_KNOWN = 16_384  # about 3 MiB
QUICK = {"w": 1}  # counts are approximate anyway; the reports themselves are durable before


class ReportCounter:
    """Counts for all callers of one process: what is accepted during one write goes together as the next.

    Callers do not wait for it, unless too many are waiting already; who reads counts waits for those before.
    """

    def __init__(self, database: Database) -> None:
        """Count nothing yet."""
        self._database = database
        self._merged = MergedWork[Accepted, None](self._write, may_repeat=False)
        self._under_way: set[asyncio.Task[None]] = set()
        self._known_groups: set[str] = set()

    async def count(self, accepted: Accepted) -> None:
        """Have accepted reports counted soon."""
        while len(self._under_way) >= CALLS_WAITING_MAX:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        # A context of its own: the caller's time budget ends with the call.
        task = asyncio.create_task(self._count(accepted), context=Context())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settled(self) -> None:
        """Return when all that was accepted by this process before is counted."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _count(self, accepted: Accepted) -> None:
        try:
            await self._merged.run([accepted])
        except PyMongoError as error:  # they are stored already: no fault of the caller's
            log.warning("reports_not_counted", reports=len(accepted.reports), **describe_exception(error))

    async def _write(self, calls: Sequence[Accepted]) -> list[None]:
        by_owner: dict[str, Additions] = defaultdict(Additions)
        for accepted in calls:
            by_owner[accepted.company_id or ALL].add(accepted)
        if len(by_owner) == 1:  # what one company adds is what all of them add
            (by_owner[ALL],) = by_owner.values()
        else:
            for owner, additions in list(by_owner.items()):
                if owner != ALL:
                    by_owner[ALL].merge(additions)
        found: dict[str, list[Owned]] = defaultdict(list)
        for owner, additions in by_owner.items():
            for collection, owned in additions.of(owner):
                found[collection].append(owned)
        groups = found.pop("error_groups")
        updates = (self._update(collection, each) for collection, each in found.items())
        # Each is awaited though one fails: what is still being written is not settled.
        for failure in await asyncio.gather(self._add_groups(groups), *updates, return_exceptions=True):
            if failure is not None:
                raise failure
        return [None] * len(calls)

    async def _add_groups(self, groups: Sequence[Owned]) -> None:
        """Begin groups that this process has not seen by inserts, which cost the server half as much as upserts."""
        new = [group for group in groups if group.identity not in self._known_groups]
        old = [group for group in groups if group.identity in self._known_groups]
        there_already, _ = await asyncio.gather(self._insert("error_groups", new), self._update("error_groups", old))
        await self._update("error_groups", there_already)
        if len(self._known_groups) + len(new) > GROUPS_KNOWN:
            self._known_groups.clear()
        self._known_groups.update(group.identity for group in new)

    async def _insert(self, collection: str, begun: Sequence[Owned]) -> list[Owned]:
        """Insert documents, and return those that could not be, for another process was first."""
        failed: list[Owned] = []
        for start in range(0, len(begun), STATEMENTS_MAX):
            some = begun[start : start + STATEMENTS_MAX]
            documents = [owned.as_document() for owned in some]
            reply = await self._command("insert", collection, documents=documents)
            failed += [some[error["index"]] for error in reply.get("writeErrors", ())]
        return failed

    async def _update(self, collection: str, owned: Sequence[Owned]) -> None:
        for start in range(0, len(owned), STATEMENTS_MAX):
            updates = [each.as_update() for each in owned[start : start + STATEMENTS_MAX]]
            await self._command("update", collection, updates=updates)

    async def _command(self, name: str, collection: str, **statements: list[Document]) -> Document:
        # The plain command: the driver's bulk interface costs ten times as much for each statement.
        return dict(await self._database.raw.command(name, collection, ordered=False, writeConcern=QUICK, **statements))
