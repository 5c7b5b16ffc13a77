"""Reads a dashboard's counts from buckets, of each day no more numbers than its cuts need.

A day that no period cuts is read by its daily counts. Of one that is cut, the part that is longest follows from the
day's counts without the others, and these are read by hours, and by quarters (+05:30, +05:45) only next to the cut.
What is read follows the length of the range alone, neither the number of events nor the hours that they fill.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from app.dashboards.periods import QUARTER, Period
from app.dashboards.sources import BucketSource, Read
from app.dashboards.spans import DAY
from app.database.client import Document
from app.usage.folding import QUARTERS, BucketKind, day_of
from app.usage.model import EventName

Counts = Counter[str]
PER_HOUR = 4  # quarters


@dataclass(frozen=True, slots=True)
class _Parts:
    """How cuts, in quarters of an hour, divide a day: which part is the longest, and the slots of the others."""

    longest: int
    starts: tuple[int, ...]
    slots: Mapping[str, Mapping[str, int]]  # field, hour or quarter: which part it lies in

    def fields(self, days: int) -> list[str]:
        """What to read of so many such days: of a few days rather whole fields than many slots by name."""
        names = ["counts"]
        for field, slots in self.slots.items():
            if len(slots) * len(EventName) > days:
                names.append(field)
            else:
                names += [f"{field}.{name}.{slot}" for name in EventName for slot in slots]
        return names


async def read_counts(source: BucketSource, periods: Sequence[Period]) -> list[Counts]:
    """Return the counts by event name of each period; the periods follow each other without gaps."""
    bounds = [*(period.start for period in periods), periods[-1].end]
    days = [(_divide(cuts), alike) for cuts, alike in _days_by_cuts(bounds).items()]
    found = await source.find([Read(BucketKind.COUNTS, alike, parts.fields(len(alike))) for parts, alike in days])
    sums = [Counts() for _ in range(len(bounds) + 1)]  # what lies before and after the range too
    for (parts, _), buckets in zip(days, found, strict=True):
        for bucket in buckets:
            places = [bisect_right(bounds, bucket["day"] + QUARTER * start) for start in parts.starts]
            _add(bucket, parts, [sums[place] for place in places])
    return sums[1:-1]


def _days_by_cuts(bounds: Sequence[datetime]) -> dict[tuple[int, ...], list[datetime]]:
    """Return the UTC days from the first to the last bound, those together that are cut at the same quarters."""
    cuts: dict[datetime, list[int]] = {}
    day = day_of(bounds[0])
    while day < bounds[-1]:
        cuts[day] = []
        day += DAY
    for moment in bounds:
        day = day_of(moment)
        if moment != day:
            cuts[day].append((moment - day) // QUARTER)
    days: dict[tuple[int, ...], list[datetime]] = defaultdict(list)
    for day, of_day in cuts.items():
        days[tuple(of_day)].append(day)
    return days


def _divide(cuts: Sequence[int]) -> _Parts:
    bounds = [0, *cuts, QUARTERS]
    lengths = [end - start for start, end in pairwise(bounds)]
    longest = lengths.index(max(lengths))
    slots: dict[str, dict[str, int]] = {"hours": {}, "quarters": {}}
    for part, (start, end) in enumerate(pairwise(bounds)):
        for quarter in range(start, end) if part != longest else ():
            hour = quarter // PER_HOUR
            if start <= hour * PER_HOUR and (hour + 1) * PER_HOUR <= end:
                slots["hours"][f"{hour}"] = part
            else:
                slots["quarters"][f"{quarter}"] = part
    return _Parts(longest, tuple(bounds[:-1]), slots)


def _add(bucket: Document, parts: _Parts, targets: Sequence[Counts]) -> None:
    rest = targets[parts.longest]
    rest.update(bucket.get("counts", {}))
    for field, part_of in parts.slots.items():
        for name, by_slot in bucket.get(field, {}).items() if part_of else ():
            for slot, number in by_slot.items():
                part = part_of.get(slot)
                if part is not None:
                    targets[part][name] += number
                    rest[name] -= number
