"""What accepted reports add to what is counted, by collection and document; `counting.py` writes it.

No text is kept but codes and the names of operations. Pure.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from app.database.client import Document
from app.error_reports.day_keys import day_of
from app.error_reports.grouping import code_of
from app.error_reports.model import Report
from app.error_reports.people import register_of
from app.error_reports.sketches import bin_of

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

    def as_update(self, identity: str, owner: str) -> Document:
        """Return the statement of an `update` command that adds this to the document of an owner."""
        update: Document = {"$setOnInsert": {"owner": owner, **self.first}, "$inc": self.counts}
        if self.highest:
            update["$max"] = self.highest
        return {"q": {"_id": identity}, "u": update, "upsert": True}

    def as_document(self, identity: str, owner: str) -> Document:
        """Return the document that such an update makes where there is none."""
        document: Document = {"_id": identity, "owner": owner, **self.first}
        for name, value in (*self.counts.items(), *self.highest.items()):
            outer, _, inner = name.partition(".")
            if inner:
                document.setdefault(outer, {})[inner] = value
            else:
                document[outer] = value
        return document


@dataclass(frozen=True, slots=True)
class Accepted:
    """The accepted reports of one call: whose, when; the person as `hide_person` gives them."""

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
        groups: Counter[tuple[str, str, str | None]] = Counter()
        for report in accepted.reports:
            fields, payload = report.fields, report.payload
            groups[fields["groupId"], fields["kind"], fields.get("code")] += 1
            if performance := payload.get("performance"):
                self._add_duration(performance, fields.get("appVersion"), day, name)
            if network := payload.get("network"):
                self._add_network(network, day, name)
        for (group, kind, code), count in groups.items():
            self._add_group(group, kind, code_of(code), count, accepted)
            self._of("error_daily", f"{name}/{kind}", day=day, kind=kind).count("count", count)

    def merge(self, other: "Additions") -> None:
        """Take in what others add."""
        for collection, found in other.found.items():
            for rest, addition in found.items():
                self._of(collection, rest, **addition.first).merge(addition)

    def of(self, owner: str) -> Iterator[tuple[str, "Owned"]]:
        """Give what an owner's documents gain, each with its collection."""
        for collection, found in self.found.items():
            for rest, addition in found.items():
                yield collection, Owned(f"{owner}/{rest}", owner, addition)

    def _of(self, collection: str, rest: str, **first: object) -> Addition:
        found = self.found[collection]
        if rest not in found:
            found[rest] = Addition(first)
        return found[rest]

    def _add_group(self, group: str, kind: str, code: str | None, count: int, accepted: Accepted) -> None:
        named = {"code": code} if code else {}
        addition = self._of("error_groups", group, groupId=group, kind=kind, firstSeenAt=accepted.now, **named)
        addition.count("count", count)
        addition.raise_to("lastSeenAt", accepted.now)
        if accepted.person is not None:
            register, rank = register_of(group, accepted.person)
            addition.raise_to(f"people.{register}", rank)

    def _add_duration(self, performance: dict[str, Any], version: str | None, day: datetime, name: str) -> None:
        operation, short = _sketch_of(performance["operation"], version)
        rest = f"{name}/DURATION/{short}"
        sketch = self.found["error_sketches"].get(rest) or self._of(
            "error_sketches", rest, day=day, measure="DURATION", operation=operation, appVersion=version
        )
        sketch.count(f"bins.{bin_of(performance['durationMs'])}")
        sketch.count("count")
        sketch.count("failed", int(performance.get("succeeded") is False))

    def _add_network(self, network: dict[str, Any], day: datetime, name: str) -> None:
        for member, measure in (("roundTripMs", "ROUND_TRIP"), ("downlinkMbps", "DOWNLINK")):
            if member in network:
                sketch = self._measure(measure, day, name)
                sketch.count(f"bins.{bin_of(network[member])}")
                sketch.count("count")
        quality = self._measure("QUALITY", day, name)
        quality.count("count")
        for member, known in (("connection", CONNECTIONS), ("effectiveType", EFFECTIVE_TYPES)):
            if member in network:
                value = network[member].lower()
                quality.count(f"{member}.{value if value in known else 'other'}")
        if network.get("online") is False:
            quality.count("offline")

    def _measure(self, measure: str, day: datetime, name: str) -> Addition:
        rest = f"{name}/{measure}"
        found = self.found["error_sketches"].get(rest)
        return found or self._of("error_sketches", rest, day=day, measure=measure)


class Owned(NamedTuple):
    """What one document of an owner gains."""

    identity: str
    owner: str
    addition: Addition

    def as_update(self) -> Document:
        """Return the statement of an `update` command that adds it."""
        return self.addition.as_update(self.identity, self.owner)

    def as_document(self) -> Document:
        """Return the document that begins with it."""
        return self.addition.as_document(self.identity, self.owner)


@lru_cache(maxsize=4_096)
def _sketch_of(operation: str, version: str | None) -> tuple[str, str]:
    """Return an operation without what varies, and the short name of its sketch under a version."""
    steady = _VARYING_STEP.sub("#", operation)
    return steady, hashlib.blake2b(f"{steady}\x00{version}".encode(), digest_size=12).hexdigest()
