"""The anonymous store: usage counts for the vendor, with no company, person, request, team or template in them (P5).

Promises that no published number, nor any sum or difference of published numbers, read at once or one after the other,
is about fewer than 5 companies. So:

- a day's count of an event stands only where at least 5 companies had it; else it is hidden, zero included;
- it is published after its day, and again only when 5 companies have changed it (`publishing.py`);
- a week is the sum of its days that stand; no new number;
- a month is the sum of its days that stand, and of the rest of its days together, where that rest has 5 companies.

The numbers that are published are therefore sums of parts that do not overlap and have 5 companies each, and each part
moves in steps of 5 companies. There is no hour and no sum over events. A hidden count is not even stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.dashboards.periods import Interval, Period
from app.database.client import Database, Document
from app.usage.buckets import MARKS
from app.usage.folding import day_of
from app.usage.model import EventName

ANONYMOUS = "anonymous_usage"
COMPANIES_MIN = 5
DAY = timedelta(days=1)
REST = "REST"  # beside the intervals: the part of a month whose days do not stand


@dataclass(frozen=True, slots=True)
class Group:
    """The events of one kind in one period: how many, of how many companies."""

    count: int = 0
    companies: int = 0

    @property
    def stands(self) -> bool:
        """Whether it may be shown."""
        return self.companies >= COMPANIES_MIN

    def cell(self, days_left_out: int) -> Document:
        """Return what is stored of it: nothing where it may not be shown."""
        if not self.stands:
            return {"hidden": True, "count": None, "companies": None, "daysLeftOut": 0}
        return {"hidden": False, "count": self.count, "companies": self.companies, "daysLeftOut": days_left_out}


class TurnOverError(Exception):
    """A later turn has stored newer counts; the marks are left to it."""


def within(period: Period) -> Document:
    """Return the query of the days of a period."""
    return {"day": {"$gte": period.start, "$lt": period.end}}


async def read_anonymous(database: Database, periods: Sequence[Period], interval: Interval) -> list[Document]:
    """Return for each period the group of each event, with `hidden` where it may not be shown."""
    query = {
        "interval": interval.value,
        "start": {"$gte": periods[0].start, "$lt": periods[-1].end},
        "hidden": False,
    }
    cells = await database[ANONYMOUS].find(query, {"_id": 0}).to_list(None)
    by_place = {(cell["start"], cell["event"]): cell for cell in cells}
    return [
        {"start": period.start, "end": period.end, "groups": list(_groups_of(period, by_place))} for period in periods
    ]


def _groups_of(period: Period, by_place: Mapping[tuple[datetime, str], Document]) -> Iterable[Document]:
    for name in EventName:
        nothing = {"event": name.value, "hidden": True, "count": None, "companies": None, "daysLeftOut": 0}
        yield by_place.get((period.start, name.value), nothing)


async def find_as_of(database: Database, now: datetime) -> datetime:
    """Return the moment up to which the anonymous counts hold everything but the late events that wait for others."""
    oldest: dict[str, Any] | None = await database[MARKS].find_one({}, sort=[("_id", 1)])
    return min(day_of(now), oldest["_id"].generation_time.astimezone(UTC)) if oldest else day_of(now)
