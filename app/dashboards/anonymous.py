"""The anonymous store: usage counts for the vendor, with no company, person, request, team or template in them (P5).

Promises that no published number, nor any sum or difference of published numbers, is about fewer than 5 companies. So:

- a day's count of an event stands only where at least 5 companies had it; else it is hidden, zero included;
- a week is the sum of its days that stand; no new number;
- a month is the sum of its days that stand, and the rest of its days together only where that rest has 5 companies.

The numbers that are published are therefore sums of parts that do not overlap and have 5 companies each. There is no
hour and no sum over events. Made from the company buckets alone, never from events; a hidden count is not even
stored.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pymongo.errors import DuplicateKeyError

from app.dashboards.periods import Interval, Period, cut
from app.database.client import Database, Document
from app.usage.buckets import BUCKETS, MARKS
from app.usage.folding import BucketKind
from app.usage.model import EventName

ANONYMOUS = "anonymous_usage"
COMPANIES_MIN = 5
MARKS_MAX = 5_000
DAY = timedelta(days=1)
_UTC = ZoneInfo("UTC")

Days = frozenset[datetime]
StandingDays = Mapping[str, Days]


@dataclass(frozen=True, slots=True)
class Group:
    """The events of one kind in one period: how many, of how many companies."""

    count: int = 0
    companies: int = 0

    @property
    def stands(self) -> bool:
        """Whether it may be shown."""
        return self.companies >= COMPANIES_MIN


class TurnOverError(Exception):
    """A later turn has stored newer counts; the marks are left to it."""


async def rebuild_marked(database: Database, turn: int) -> int:
    """Make the counts of all marked days anew, and of their weeks and months; returns how many days.

    Raises `TurnOverError` if another process has taken over.

    Marks are read before the buckets and removed after the counts are stored, so that no change is ever missed.
    """
    marks = await database[MARKS].find({}).limit(MARKS_MAX).to_list(MARKS_MAX)
    days = sorted({mark["day"] for mark in marks})
    for day in days:
        groups = await _group(database, {"day": day})
        await _store(database, Interval.DAY, day, {name: (group, 0) for name, group in groups.items()}, turn)
    for interval in (Interval.WEEK, Interval.MONTH):
        for period in {next(cut(Period(day, day + DAY), interval, _UTC)) for day in days}:
            await _store(database, interval, period.start, await _sum_days(database, interval, period), turn)
    await database[MARKS].delete_many({"_id": {"$in": [mark["_id"] for mark in marks]}})
    return len(days)


async def _sum_days(database: Database, interval: Interval, period: Period) -> dict[str, tuple[Group, int]]:
    standing = await _standing_days(database, period)
    all_days = (period.end - period.start) // DAY
    rest = await _rest_of(database, period, standing) if interval is Interval.MONTH else {}
    whole = {name for name, group in rest.items() if group.stands}
    either: list[Document] = [{"counts.k": {"$in": sorted(whole)}}]
    either += [{"counts.k": name, "day": {"$in": sorted(days)}} for name, days in standing.items() if days]
    groups = await _group(database, _within(period), {"$or": either})
    return {name: (group, 0 if name in whole else all_days - len(standing[name])) for name, group in groups.items()}


async def _standing_days(database: Database, period: Period) -> StandingDays:
    query = {"interval": Interval.DAY.value, "start": _within(period)["day"], "hidden": False}
    days: dict[str, set[datetime]] = defaultdict(set)
    for cell in await database[ANONYMOUS].find(query, {"event": 1, "start": 1}).to_list(None):
        days[cell["event"]].add(cell["start"])
    return {name.value: frozenset(days[name.value]) for name in EventName}


async def _rest_of(database: Database, period: Period, standing: StandingDays) -> dict[str, Group]:
    neither = [{"counts.k": name, "day": {"$in": sorted(days)}} for name, days in standing.items()]
    return await _group(database, _within(period), {"$nor": neither})


def _within(period: Period) -> Document:
    return {"day": {"$gte": period.start, "$lt": period.end}}


async def _group(database: Database, days: Document, wanted: Document | None = None) -> dict[str, Group]:
    """Return the group of each event over some days; `wanted` narrows by `day` and `counts.k`, the event's name."""
    rows = await database.aggregate(
        BUCKETS,
        [
            {"$match": {"kind": BucketKind.COUNTS.value, **days}},
            {"$project": {"companyId": 1, "day": 1, "counts": {"$objectToArray": "$counts"}}},
            {"$unwind": "$counts"},
            {"$match": wanted or {}},
            {"$group": {"_id": {"event": "$counts.k", "of": "$companyId"}, "count": {"$sum": "$counts.v"}}},
            {"$match": {"count": {"$gt": 0}}},
            {"$group": {"_id": "$_id.event", "count": {"$sum": "$count"}, "companies": {"$sum": 1}}},
        ],
    )
    found = {row["_id"]: Group(row["count"], row["companies"]) for row in rows}
    return {name.value: found.get(name.value, Group()) for name in EventName}


async def _store(
    database: Database, interval: Interval, start: datetime, groups: Mapping[str, tuple[Group, int]], turn: int
) -> None:
    for name, (group, days_left_out) in groups.items():
        cell = {
            "interval": interval.value,
            "start": start,
            "event": name,
            "hidden": not group.stands,
            "count": group.count if group.stands else None,
            "companies": group.companies if group.stands else None,
            "daysLeftOut": days_left_out if group.stands else 0,
            "turn": turn,
        }
        older = {"_id": f"{interval}/{start:%Y-%m-%d}/{name}", "turn": {"$lte": turn}}
        try:
            await database[ANONYMOUS].update_one(older, {"$set": cell}, upsert=True)
        except DuplicateKeyError:
            raise TurnOverError from None


async def mark_all(database: Database) -> None:
    """Mark each day that has buckets or counts, so that all counts are made anew."""
    days: set[datetime] = set()
    for collection, field, query in (
        (BUCKETS, "day", {"kind": BucketKind.COUNTS.value}),
        (ANONYMOUS, "start", {"interval": Interval.DAY.value}),
    ):
        days.update(await database[collection].distinct(field, query))
    if days:
        await database[MARKS].insert_many([{"day": day, "companyIds": []} for day in sorted(days)])


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
    """Return the moment up to which the anonymous counts hold everything."""
    oldest: dict[str, Any] | None = await database[MARKS].find_one({}, sort=[("_id", 1)])
    return min(now, oldest["_id"].generation_time.astimezone(UTC)) if oldest else now
