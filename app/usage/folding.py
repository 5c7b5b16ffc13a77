"""Folds usage events into the numbers of the usage buckets: the one definition of what a bucket holds. Pure.

Ingest, rebuilding and a person's own dashboard all fold with this, so a bucket equals a recount of its events because
both are made here. A bucket is a UTC day of a company (or of one of its templates). Inside, counts stand by day, by
hour and by quarter of an hour: quarters, because zones such as +05:45 begin their days there; hours and days, because
most reads need nothing finer and stay small.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from app.usage.durations import bin_of
from app.usage.timeline import Wait

QUARTER_MINUTES = 15


class BucketKind(StrEnum):
    """What a bucket is about."""

    COUNTS = "COUNTS"  # all events of a company's day; and its waits, by day
    WAITS = "WAITS"  # the same waits by quarter, for ranges that begin or end within the day
    TEMPLATE = "TEMPLATE"  # the events of one template


class BucketKey(NamedTuple):
    """Which bucket; `day` is its first moment in UTC."""

    company_id: str
    kind: BucketKind
    day: datetime
    template_id: str = ""


@dataclass(slots=True)
class Additions:
    """What a set of events adds to each bucket: dotted path to number, and the latest name of each template."""

    numbers: dict[BucketKey, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    names: dict[BucketKey, tuple[datetime, str]] = field(default_factory=dict)

    def add_event(self, event: Mapping[str, Any]) -> None:
        """Count one event."""
        moment, name = event["occurredAt"], event["name"]
        day, quarter = day_of(moment), quarter_of(moment)
        counts = self.numbers[BucketKey(event["companyId"], BucketKind.COUNTS, day)]
        counts[f"counts.{name}"] += 1
        counts[f"hours.{name}.{moment.hour}"] += 1
        counts[f"quarters.{name}.{quarter}"] += 1
        if "templateId" in event:
            key = BucketKey(event["companyId"], BucketKind.TEMPLATE, day, event["templateId"])
            template = self.numbers[key]
            template[f"counts.{name}"] += 1
            template[f"quarters.{name}.{quarter}"] += 1
            named = moment, event["templateName"]
            self.names[key] = max(self.names.get(key, named), named)

    def add_wait(self, company_id: str, wait: Wait, number: int = 1) -> None:
        """Count one wait at the moment when it ended; a `number` of -1 takes it back."""
        day, quarter, bin_number = day_of(wait.ended_at), quarter_of(wait.ended_at), bin_of(wait.seconds)
        self.numbers[BucketKey(company_id, BucketKind.COUNTS, day)][f"waits.{wait.step}.{bin_number}"] += number
        key = BucketKey(company_id, BucketKind.WAITS, day)
        self.numbers[key][f"quarters.{wait.step}.{quarter}.{bin_number}"] += number

    def move_waits(self, company_id: str, before: Iterable[Wait], after: Iterable[Wait]) -> None:
        """Take the waits of a request back as they were and count them as they are now."""
        before, after = set(before), set(after)
        for wait in before - after:
            self.add_wait(company_id, wait, -1)
        for wait in after - before:
            self.add_wait(company_id, wait)

    def companies_by_day(self) -> dict[datetime, set[str]]:
        """Return the days whose numbers change, and of which companies."""
        companies: dict[datetime, set[str]] = defaultdict(set)
        for key, numbers in self.numbers.items():
            if any(numbers.values()):
                companies[key.day].add(key.company_id)
        return companies

    def buckets(self) -> list[dict[str, Any]]:
        """Return the buckets that these additions alone make, as they are stored."""
        return [self._bucket(key, numbers) for key, numbers in self.numbers.items() if any(numbers.values())]

    def _bucket(self, key: BucketKey, numbers: Mapping[str, int]) -> dict[str, Any]:
        bucket: dict[str, Any] = identity_of(key)
        if key in self.names:
            bucket["named"] = named_of(self.names[key])
        for path, number in numbers.items():
            *parents, leaf = path.split(".")
            inner = bucket
            for parent in parents:
                inner = inner.setdefault(parent, {})
            if number:
                inner[leaf] = number
        return bucket


def identity_of(key: BucketKey) -> dict[str, Any]:
    """Return the fields that say which bucket it is."""
    return {"companyId": key.company_id, "kind": key.kind.value, "day": key.day, "templateId": key.template_id}


def named_of(name: tuple[datetime, str]) -> dict[str, Any]:
    """Return a template's name as stored; MongoDB's `$max` of two such values is the later one."""
    return {"at": name[0], "name": name[1]}


def day_of(moment: datetime) -> datetime:
    """Return the first moment of the UTC day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def quarter_of(moment: datetime) -> int:
    """Return the quarter of an hour within the UTC day, 0 to 95."""
    return (moment.hour * 60 + moment.minute) // QUARTER_MINUTES
