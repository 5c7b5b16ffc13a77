"""Adds accepted reports to what is counted: groups, daily counts, quantiles of durations, quality of networks.

Each is added up twice: for the report's company, and for the vendor over all of them (`ALL`). Only what was accepted is
counted, so a report sent again changes nothing; after a crash between storing and counting the counts may lack a batch,
for which they are not read as truth. No text is kept but codes and the names of operations, which die with the reports.
"""

import asyncio
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from pymongo.errors import PyMongoError

from app.database.client import Database, Document
from app.database.merging import MergedWork
from app.error_reports.day_keys import day_of
from app.error_reports.grouping import code_of
from app.error_reports.model import Report
from app.error_reports.people import register_of
from app.error_reports.sketches import bin_of
from app.log import describe_exception, log

ALL = "ALL"  # in place of a company id: the vendor's view
CALLS_WAITING_MAX = 32  # bounds the memory of what is not counted yet
STATEMENTS_MAX = 5_000
QUICK = {"w": 1}  # counts are approximate anyway; the reports themselves are durable before

CONNECTIONS = frozenset({"wifi", "ethernet", "cellular", "bluetooth", "wimax", "none", "mixed", "unknown"})
EFFECTIVE_TYPES = frozenset({"slow-2g", "2g", "3g", "4g", "5g"})
_VARYING_STEP = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|\d{2,}")


@dataclass(slots=True)
class Addition:
    """What one document gains."""

    first: dict[str, Any]
    counts: dict[str, int] = field(default_factory=dict)
    highest: dict[str, Any] = field(default_factory=dict)

    def count(self, name: str, number: int = 1) -> None:
        """Add to one of its counts."""
        self.counts[name] = self.counts.get(name, 0) + number

    def raise_to(self, name: str, value: Any) -> None:  # noqa: ANN401 - a time or a rank
        """Raise one of its highest values."""
        if name not in self.highest or self.highest[name] < value:
            self.highest[name] = value

    def merge(self, other: "Addition") -> None:
        """Take in what another one adds."""
        for name, number in other.counts.items():
            self.count(name, number)
        for name, value in other.highest.items():
            self.raise_to(name, value)

    def as_update(self, owner: str, rest: str) -> Document:
        """Return the statement of an `update` command that adds this to the document of an owner."""
        update: Document = {"$setOnInsert": {"owner": owner, **self.first}, "$inc": self.counts}
        if self.highest:
            update["$max"] = self.highest
        return {"q": {"_id": f"{owner}/{rest}"}, "u": update, "upsert": True}


@dataclass(frozen=True, slots=True)
class Accepted:
    """The accepted reports of one call: whose, when."""

    company_id: str | None
    person: str | None
    reports: Sequence[Report]
    now: datetime


class Additions:
    """What accepted reports add, by collection and document, whosever they are."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.found: dict[str, dict[str, Addition]] = defaultdict(dict)

    def add(self, accepted: Accepted) -> None:
        """Count the reports of one call."""
        day = day_of(accepted.now)
        name = day.date().isoformat()
        for report in accepted.reports:
            fields, payload = report.fields, report.payload
            self._add_group(fields, accepted)
            kind = fields["kind"]
            self._of("error_daily", f"{name}/{kind}", day=day, kind=kind).count("count")
            if performance := payload.get("performance"):
                self._add_duration(performance, fields.get("appVersion"), day, name)
            if network := payload.get("network"):
                self._add_network(network, day, name)

    def merge(self, other: "Additions") -> None:
        """Take in what others add."""
        for collection, found in other.found.items():
            for rest, addition in found.items():
                self._of(collection, rest, **addition.first).merge(addition)

    def updates(self, owner: str) -> Iterator[tuple[str, list[Document]]]:
        """Give the updates of each collection for an owner's documents."""
        for collection, found in self.found.items():
            yield collection, [addition.as_update(owner, rest) for rest, addition in found.items()]

    def _of(self, collection: str, rest: str, **first: object) -> Addition:
        found = self.found[collection]
        if rest not in found:
            found[rest] = Addition(first)
        return found[rest]

    def _add_group(self, fields: dict[str, Any], accepted: Accepted) -> None:
        group = fields["groupId"]
        code = code_of(fields.get("code"))
        named = {"code": code} if code else {}
        addition = self._of(
            "error_groups", group, groupId=group, kind=fields["kind"], firstSeenAt=accepted.now, **named
        )
        addition.count("count")
        addition.raise_to("lastSeenAt", accepted.now)
        if accepted.person is not None:
            register, rank = register_of(group, accepted.person)
            addition.raise_to(f"people.{register}", rank)

    def _add_duration(self, performance: dict[str, Any], version: str | None, day: datetime, name: str) -> None:
        operation = _VARYING_STEP.sub("#", performance["operation"])
        rest = f"{name}/DURATION/{_short_name(operation, version)}"
        sketch = self._of("error_sketches", rest, day=day, measure="DURATION", operation=operation, appVersion=version)
        sketch.count(f"bins.{bin_of(performance['durationMs'])}")
        sketch.count("count")
        sketch.count("failed", int(performance.get("succeeded") is False))

    def _add_network(self, network: dict[str, Any], day: datetime, name: str) -> None:
        for member, measure in (("roundTripMs", "ROUND_TRIP"), ("downlinkMbps", "DOWNLINK")):
            if member in network:
                sketch = self._of("error_sketches", f"{name}/{measure}", day=day, measure=measure)
                sketch.count(f"bins.{bin_of(network[member])}")
                sketch.count("count")
        quality = self._of("error_sketches", f"{name}/QUALITY", day=day, measure="QUALITY")
        quality.count("count")
        for member, known in (("connection", CONNECTIONS), ("effectiveType", EFFECTIVE_TYPES)):
            if member in network:
                value = network[member].lower()
                quality.count(f"{member}.{value if value in known else 'other'}")
        if network.get("online") is False:
            quality.count("offline")


@lru_cache(maxsize=4_096)
def _short_name(operation: str, version: str | None) -> str:
    return hashlib.blake2b(f"{operation}\x00{version}".encode(), digest_size=12).hexdigest()


class ReportCounter:
    """Counts for all callers of one process: what is accepted during one write goes together as the next.

    Callers do not wait for it, unless too many are waiting already; who reads counts waits for those before.
    """

    def __init__(self, database: Database) -> None:
        """Count nothing yet."""
        self._database = database
        self._merged = MergedWork[Accepted, None](self._write)
        self._under_way: set[asyncio.Task[None]] = set()

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
        for owner, additions in list(by_owner.items()):
            if owner != ALL:
                by_owner[ALL].merge(additions)
        updates: dict[str, list[Document]] = defaultdict(list)
        for owner, additions in by_owner.items():
            for collection, found in additions.updates(owner):
                updates[collection] += found
        writes = (
            # The plain command: the driver's bulk interface costs ten times as much for each statement.
            self._database.raw.command(
                "update", collection, updates=found[start : start + STATEMENTS_MAX], ordered=False, writeConcern=QUICK
            )
            for collection, found in updates.items()
            for start in range(0, len(found), STATEMENTS_MAX)
        )
        await asyncio.gather(*writes)
        return [None] * len(calls)
