"""Adds accepted reports to what is counted: groups, daily counts, quantiles of durations, quality of networks.

Each is added up twice: for the report's company, and for the vendor over all of them (`ALL`). Only what was accepted is
counted, so a report sent again changes nothing; after a crash between storing and counting the counts may lack a batch,
for which they are not read as truth. No text is kept but codes and the names of operations, which die with the reports.
"""

import asyncio
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from pymongo import UpdateOne
from pymongo.write_concern import WriteConcern

from app.database.client import Database
from app.error_reports.day_keys import day_of
from app.error_reports.grouping import code_of
from app.error_reports.model import Report
from app.error_reports.people import register_of
from app.error_reports.sketches import bin_of

ALL = "ALL"  # in place of a company id: the vendor's view
QUICK = WriteConcern(w=1)  # counts are approximate anyway; the reports themselves are durable before

CONNECTIONS = frozenset({"wifi", "ethernet", "cellular", "bluetooth", "wimax", "none", "mixed", "unknown"})
EFFECTIVE_TYPES = frozenset({"slow-2g", "2g", "3g", "4g", "5g"})
_VARYING_STEP = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|\d{2,}")


@dataclass(slots=True)
class Addition:
    """What one document gains."""

    first: dict[str, Any]
    counts: Counter[str] = field(default_factory=Counter)
    highest: dict[str, Any] = field(default_factory=dict)

    def as_update(self, identity: str) -> UpdateOne:
        """Return the upsert that adds this."""
        update: dict[str, Any] = {"$setOnInsert": self.first, "$inc": dict(self.counts)}
        if self.highest:
            update["$max"] = self.highest
        return UpdateOne({"_id": identity}, update, upsert=True)


class Additions:
    """What a batch adds, by collection and document."""

    def __init__(self, company_id: str | None, person: str | None, now: datetime) -> None:
        """Take who reports, and when."""
        self._owners = (ALL,) if company_id is None else (ALL, company_id)
        self._person = person
        self._now = now
        self._day = day_of(now)
        self._day_name = self._day.date().isoformat()
        self._found: dict[str, dict[str, Addition]] = defaultdict(dict)

    def add(self, report: Report) -> None:
        """Count one report."""
        fields, payload = report.fields, report.payload
        for owner in self._owners:
            self._add_group(owner, fields)
            day = self._of(
                "error_daily", owner, f"{self._day_name}/{fields['kind']}", day=self._day, kind=fields["kind"]
            )
            day.counts["count"] += 1
            if performance := payload.get("performance"):
                self._add_duration(owner, performance, fields.get("appVersion"))
            if network := payload.get("network"):
                self._add_network(owner, network)

    def _of(self, collection: str, owner: str, rest: str, **first: object) -> Addition:
        found = self._found[collection]
        identity = f"{owner}/{rest}"
        if identity not in found:
            found[identity] = Addition({"owner": owner, **first})
        return found[identity]

    def _add_group(self, owner: str, fields: dict[str, Any]) -> None:
        group = fields["groupId"]
        first: dict[str, Any] = {"groupId": group, "kind": fields["kind"], "firstSeenAt": self._now}
        if code := code_of(fields.get("code")):
            first["code"] = code
        addition = self._of("error_groups", owner, group, **first)
        addition.counts["count"] += 1
        addition.highest["lastSeenAt"] = self._now
        if self._person is not None:
            register, rank = register_of(group, self._person)
            addition.highest[f"people.{register}"] = rank

    def _add_duration(self, owner: str, performance: dict[str, Any], version: str | None) -> None:
        operation = _VARYING_STEP.sub("#", performance["operation"])
        sketch = self._sketch(owner, "DURATION", operation, version)
        sketch.counts[f"bins.{bin_of(performance['durationMs'])}"] += 1
        sketch.counts["count"] += 1
        sketch.counts["failed"] += performance.get("succeeded") is False

    def _add_network(self, owner: str, network: dict[str, Any]) -> None:
        for name, measure in (("roundTripMs", "ROUND_TRIP"), ("downlinkMbps", "DOWNLINK")):
            if name in network:
                sketch = self._sketch(owner, measure)
                sketch.counts[f"bins.{bin_of(network[name])}"] += 1
                sketch.counts["count"] += 1
        quality = self._sketch(owner, "QUALITY")
        quality.counts["count"] += 1
        for name, known in (("connection", CONNECTIONS), ("effectiveType", EFFECTIVE_TYPES)):
            if name in network:
                value = network[name].lower()
                quality.counts[f"{name}.{value if value in known else 'other'}"] += 1
        if network.get("online") is False:
            quality.counts["offline"] += 1

    def _sketch(self, owner: str, measure: str, operation: str = "", version: str | None = None) -> Addition:
        first: dict[str, Any] = {"day": self._day, "measure": measure}
        if measure == "DURATION":
            first |= {"operation": operation, "appVersion": version}
        return self._of(
            "error_sketches", owner, f"{self._day_name}/{measure}/{_short_name(operation, version)}", **first
        )

    def updates(self) -> Iterator[tuple[str, list[UpdateOne]]]:
        """Give the updates of each collection."""
        for collection, found in self._found.items():
            yield collection, [addition.as_update(identity) for identity, addition in found.items()]


@lru_cache(maxsize=4_096)
def _short_name(operation: str, version: str | None) -> str:
    return hashlib.blake2b(f"{operation}\x00{version}".encode(), digest_size=12).hexdigest()


async def count_reports(
    database: Database, company_id: str | None, person: str | None, reports: Iterable[Report], now: datetime
) -> None:
    """Count accepted reports; one bulk write for each collection, all at once."""
    additions = Additions(company_id, person, now)
    for report in reports:
        additions.add(report)
    writes = (
        database[collection].with_options(write_concern=QUICK).bulk_write(updates, ordered=False)
        for collection, updates in additions.updates()
    )
    await asyncio.gather(*writes)
