"""Folds usage events into the numbers of the usage buckets: the one definition of what a bucket holds. Pure.

Ingest, rebuilding and a person's own dashboard all fold with this, so a bucket equals a recount of its events because
both are made here. A bucket is a UTC day of a company (or of one of its templates). Inside, counts stand by day, by
hour and by quarter of an hour: quarters, because zones such as +05:45 begin their days there; hours and days, because
most reads need nothing finer and stay small. Waits stand in bins, and in ranges of 16 bins: a reader finds in the few
ranges which bins it needs, so what it reads does not grow with the bins that more events fill.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from app.usage.durations import bin_of
from app.usage.timeline import Wait

QUARTER_SECONDS = 900
QUARTERS = 96  # of a day
BINS_TOGETHER = 16  # of a range; and MongoDB finds a field by passing its siblings: with few, adding is much faster
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    """What a set of events adds to the buckets.

    Events and waits are first counted by quarter of an hour, in numbers since 1970, and spread over buckets at the end:
    there are far fewer quarters than events.
    """

    events: dict[tuple[str, str, str, int], int] = field(default_factory=lambda: defaultdict(int))
    waits: dict[tuple[str, str, int, int], int] = field(default_factory=lambda: defaultdict(int))
    names: dict[BucketKey, tuple[datetime, str]] = field(default_factory=dict)

    def add_event(self, event: Mapping[str, Any]) -> None:
        """Count one event."""
        moment, company_id, template_id = event["occurredAt"], event["companyId"], event.get("templateId", "")
        quarter = quarter_of(moment)
        self.events[company_id, event["name"], template_id, quarter] += 1
        if template_id:
            key = BucketKey(company_id, BucketKind.TEMPLATE, _day_of(quarter), template_id)
            named = moment, event["templateName"]
            self.names[key] = max(self.names.get(key, named), named)

    def add_wait(self, company_id: str, wait: Wait, number: int = 1) -> None:
        """Count one wait at the moment when it ended; a `number` of -1 takes it back."""
        self.waits[company_id, wait.step, quarter_of(wait.ended_at), bin_of(wait.seconds)] += number

    def move_waits(self, company_id: str, before: Sequence[Wait], after: Sequence[Wait]) -> None:
        """Take the waits of a request back as they were and count them as they are now."""
        for wait in before:
            if wait not in after:
                self.add_wait(company_id, wait, -1)
        for wait in after:
            if wait not in before:
                self.add_wait(company_id, wait)

    def numbers(self) -> dict[BucketKey, dict[str, int]]:
        """Return for each bucket that changes what is added to it: dotted path to number."""
        numbers: dict[BucketKey, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for (company_id, name, template_id, quarter), number in self.events.items():
            day, of_day = _day_of(quarter), quarter % QUARTERS
            counts = numbers[BucketKey(company_id, BucketKind.COUNTS, day)]
            counts[f"counts.{name}"] += number
            counts[f"hours.{name}.{of_day // 4}"] += number
            counts[f"quarters.{name}.{of_day}"] += number
            if template_id:
                template = numbers[BucketKey(company_id, BucketKind.TEMPLATE, day, template_id)]
                template[f"counts.{name}"] += number
                template[f"quarters.{name}.{of_day}"] += number
        self._add_waits(numbers)
        return numbers

    def _add_waits(self, numbers: Mapping[BucketKey, dict[str, int]]) -> None:
        for (company_id, step, quarter, bin_number), number in self.waits.items():
            if number:
                day, of_day, together = _day_of(quarter), quarter % QUARTERS, bin_number // BINS_TOGETHER
                counts = numbers[BucketKey(company_id, BucketKind.COUNTS, day)]
                counts[f"waits.{step}.{together}.{bin_number}"] += number
                counts[f"ranges.{step}.{together}"] += number
                waits = numbers[BucketKey(company_id, BucketKind.WAITS, day)]
                waits[f"quarters.{step}.{together}.{of_day}.{bin_number}"] += number
                waits[f"ranges.{step}.{of_day}.{together}"] += number

    def buckets(self) -> list[dict[str, Any]]:
        """Return the buckets that these additions alone make, as they are stored."""
        return [self._bucket(key, numbers) for key, numbers in self.numbers().items() if any(numbers.values())]

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
    """Return the quarter of an hour, counted from 1970."""
    return int(moment.timestamp()) // QUARTER_SECONDS


@lru_cache(maxsize=4_096)
def _day_of(quarter: int) -> datetime:
    return EPOCH + timedelta(days=quarter // QUARTERS)
