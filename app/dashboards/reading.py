"""Reads a dashboard's numbers from buckets, each day no finer than its cuts need.

A day that no period cuts is read by its daily counts, one that is cut at full hours by its hourly ones, and only one
that is cut elsewhere (+05:30, +05:45) by its quarters. The number of documents follows the length of the range alone.
"""

import asyncio
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from app.dashboards.periods import QUARTER, Period
from app.dashboards.sources import BucketSource
from app.database.client import Document
from app.usage.folding import BucketKind, day_of
from app.usage.timeline import Step

Value = TypeVar("Value")
Counts = Counter[str]
DAY = timedelta(days=1)
STEPS = {"counts": DAY, "hours": timedelta(hours=1), "quarters": QUARTER}


async def read_counts(source: BucketSource, periods: Sequence[Period]) -> list[Counts]:
    """Return the counts by event name of each period; the periods follow each other without gaps."""
    bounds = [period.start for period in periods]
    detail = _detail_by_day([*bounds, periods[-1].end])
    by_detail = {name: [day for day, wanted in detail.items() if wanted == name] for name in STEPS}
    found = await asyncio.gather(*(source.find(BucketKind.COUNTS, days, (name,)) for name, days in by_detail.items()))
    sums = [Counts() for _ in periods]
    for name, buckets in zip(by_detail, found, strict=True):
        for bucket in buckets:
            _add(bucket, name, bounds, periods[-1].end, sums)
    return sums


def _detail_by_day(cuts: Sequence[datetime]) -> dict[datetime, str]:
    """Return for each UTC day from the first to the last cut the coarsest counts that no cut divides."""
    detail: dict[datetime, str] = {}
    day = day_of(cuts[0])
    while day < cuts[-1]:
        detail[day] = "counts"
        day += DAY
    for moment in cuts:
        day = day_of(moment)
        if moment != day and day in detail and detail[day] != "quarters":
            detail[day] = "quarters" if moment.minute else "hours"
    return detail


def _add(bucket: Document, detail: str, bounds: Sequence[datetime], end: datetime, sums: Sequence[Counts]) -> None:
    day, counts = bucket["day"], bucket.get(detail, {})
    if detail == "counts":
        sums[bisect_right(bounds, day) - 1].update(counts)
        return
    step = STEPS[detail]
    places: dict[str, int] = {}
    for name, by_slot in counts.items():
        for slot, number in by_slot.items():
            if slot not in places:
                moment = day + step * int(slot)
                places[slot] = bisect_right(bounds, moment) - 1 if moment < end else -1
            if places[slot] >= 0:
                sums[places[slot]][name] += number


async def read_waits(source: BucketSource, whole: Period) -> dict[Step, Mapping[int, int]]:
    """Return the waits that ended within the range, in bins."""
    days, edges = _split(whole)
    inner, outer = await asyncio.gather(
        source.find(BucketKind.COUNTS, days, ("waits",)), source.find(BucketKind.WAITS, edges, ("quarters",))
    )
    bins: dict[str, dict[str, int]] = {step.value: {} for step in Step}
    for bucket in inner:
        _add_bins(bins, bucket.get("waits", {}))
    for bucket in outer:
        for step, by_quarter in bucket.get("quarters", {}).items():
            for numbers in _inside(bucket["day"], by_quarter, whole):
                _add_bins(bins, {step: numbers})
    return {step: {int(number): count for number, count in bins[step].items()} for step in Step}


def _add_bins(bins: Mapping[str, dict[str, int]], waits: Mapping[str, Mapping[str, Mapping[str, int]]]) -> None:
    for step, together in waits.items():
        target = bins[step]
        for numbers in together.values():
            for bin_number, number in numbers.items():
                target[bin_number] = target.get(bin_number, 0) + number


async def read_templates(source: BucketSource, whole: Period) -> list[Document]:
    """Return each template with its name and its counts within the range, the most requested first.

    The name is the latest one on the UTC days that the range touches.
    """
    days, edges = _split(whole)
    inner, outer = await asyncio.gather(
        source.sum_templates(days), source.find(BucketKind.TEMPLATE, edges, ("templateId", "quarters", "named"))
    )
    counts: dict[str, Counts] = defaultdict(Counts)
    names: dict[str, tuple[datetime, str]] = {}
    for row in inner:
        counts[row["templateId"]].update(row["counts"])
    for row in outer:
        for name, by_quarter in row.get("quarters", {}).items():
            counts[row["templateId"]][name] += sum(_inside(row["day"], by_quarter, whole))
    for row in [*inner, *outer]:
        named = row["named"]["at"], row["named"]["name"]
        names[row["templateId"]] = max(names.get(row["templateId"], named), named)
    rows = [
        {
            "templateId": key,
            "templateName": names[key][1],
            "requests": sums["REQUEST_CREATED"],
            "teams": sums["TEAM_CREATED"],
        }
        for key, sums in counts.items()
    ]
    used = [row for row in rows if row["requests"] or row["teams"]]
    return sorted(used, key=lambda row: (-row["requests"], -row["teams"], row["templateId"]))


def _split(whole: Period) -> tuple[list[datetime], list[datetime]]:
    """Return the UTC days that lie wholly in the range, and those at its ends that do not."""
    days: list[datetime] = []
    edges: list[datetime] = []
    day = day_of(whole.start)
    while day < whole.end:
        (days if day >= whole.start and day + DAY <= whole.end else edges).append(day)
        day += DAY
    return days, edges


def _inside(day: datetime, by_quarter: Mapping[str, Value], whole: Period) -> Iterator[Value]:
    for quarter, value in by_quarter.items():
        if whole.start <= day + QUARTER * int(quarter) < whole.end:
            yield value
