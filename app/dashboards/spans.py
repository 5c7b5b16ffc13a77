"""Cuts a range into what buckets hold: whole UTC days, and quarters of an hour of the days at its ends. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.dashboards.periods import QUARTER, Period
from app.usage.folding import QUARTERS, day_of

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The UTC days that lie wholly in a range, and which quarters do of those at its ends that do not."""

    days: tuple[datetime, ...]
    edges: Mapping[datetime, range]


def span_of(whole: Period) -> Span:
    """Return the days and quarters of a range."""
    days: list[datetime] = []
    edges: dict[datetime, range] = {}
    day = day_of(whole.start)
    while day < whole.end:
        first = max(0, (whole.start - day) // QUARTER)
        last = min(QUARTERS, (whole.end - day) // QUARTER)
        if (first, last) == (0, QUARTERS):
            days.append(day)
        else:
            edges[day] = range(first, last)
        day += DAY
    return Span(tuple(days), edges)
