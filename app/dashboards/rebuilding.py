"""Which anonymous counts are looked at anew: those of marked days, and the weeks and months that they belong to.

A mark is a day that changed. Marks are read before the buckets and removed after the counts are stored, so that no
change is ever missed; those of a day that is not over are dropped, for all recent days are marked when the day turns.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pymongo.errors import DuplicateKeyError

from app.dashboards.anonymous import ANONYMOUS, DAY, REST, Group, TurnOverError, within
from app.dashboards.periods import Interval, Period, cut
from app.dashboards.publishing import ALONE, is_settled, publish_day, publish_rest
from app.dashboards.shares import read_shares
from app.database.client import Database, Document
from app.usage.buckets import BUCKETS, MARKS
from app.usage.folding import BucketKind
from app.usage.model import EventName

MARKS_MAX = 5_000
RECENT = timedelta(days=100)  # until after a month has settled
_UTC = ZoneInfo("UTC")


async def rebuild_marked(database: Database, turn: int, today: datetime) -> int:
    """Publish what marked days that are over ask for, and their weeks and months; returns how many days were marked.

    Raises `TurnOverError` if another process has taken over.
    """
    marks = await database[MARKS].find({}).limit(MARKS_MAX).to_list(MARKS_MAX)
    marked = {mark["day"] for mark in marks}
    days = sorted(day for day in marked if day < today)
    for day in days:
        await publish_day(database, day, _period_of(day, Interval.MONTH), turn)
    read = [mark["_id"] for mark in marks]
    for month in _periods_of(days, Interval.MONTH):
        # A load of old data is under way where further marks are there: its days may yet stand alone.
        if is_settled(month, today) and not await database[MARKS].find_one({**within(month), "_id": {"$nin": read}}):
            await publish_rest(database, month, turn)
    for interval in (Interval.WEEK, Interval.MONTH):
        for period in _periods_of(days, interval):
            await _sum_parts(database, interval, period, turn)
    await database[MARKS].delete_many({"_id": {"$in": read}})
    return len(marked)


async def mark_all(database: Database) -> None:
    """Mark each day that has buckets or counts, so that all counts are looked at anew."""
    counted = await database[ANONYMOUS].distinct("start", {"interval": Interval.DAY.value})
    await _mark(database, [*counted, *await database[BUCKETS].distinct("day", {"kind": BucketKind.COUNTS.value})])


async def mark_recent(database: Database, today: datetime) -> None:
    """Mark the days that may have something to publish though nothing more happens in them."""
    query = {"kind": BucketKind.COUNTS.value, "day": {"$gte": today - RECENT, "$lt": today}}
    await _mark(database, await database[BUCKETS].distinct("day", query))


async def _mark(database: Database, days: Iterable[datetime]) -> None:
    marks = [{"day": day, "companyIds": []} for day in sorted(set(days))]
    if marks:
        await database[MARKS].insert_many(marks)


def _period_of(day: datetime, interval: Interval) -> Period:
    return next(iter(cut(Period(day, day + DAY), interval, _UTC)))


def _periods_of(days: Iterable[datetime], interval: Interval) -> set[Period]:
    return {_period_of(day, interval) for day in days}


async def _sum_parts(database: Database, interval: Interval, period: Period, turn: int) -> None:
    """Store the sums of the published parts; what no part has changed stays as it is, whoever was erased."""
    is_month = interval is Interval.MONTH
    names = [Interval.DAY.value, *([REST] if is_month else [])]
    query = {"start": within(period)["day"], "hidden": False}
    parts = await database[ANONYMOUS].find({"interval": {"$in": names}, **query}).to_list(None)
    shares = await read_shares(database, within(period), [ALONE, *([REST] if is_month else [])])
    for name in EventName:
        of_event = [part for part in parts if part["event"] == name.value]
        group = Group(
            sum(part["count"] for part in of_event),
            max([len(shares[name.value]), *(part["companies"] for part in of_event)] if of_event else [0]),
        )
        has_rest = any(part["interval"] == REST for part in of_event)
        left_out = 0 if has_rest else (period.end - period.start) // DAY - len(of_event)
        place = f"{interval}/{period.start:%Y-%m-%d}/{name}"
        cell = {"interval": interval.value, "start": period.start, "event": name.value, **group.cell(left_out)}
        await _store(database, place, cell, turn)


async def _store(database: Database, place: str, cell: Document, turn: int) -> None:
    same = {name: cell[name] for name in ("hidden", "count", "daysLeftOut")}
    if await database[ANONYMOUS].find_one({"_id": place, **same}, {"_id": 1}):
        return
    older = {"_id": place, "turn": {"$lte": turn}}
    try:
        await database[ANONYMOUS].update_one(older, {"$set": {**cell, "turn": turn}}, upsert=True)
    except DuplicateKeyError:
        raise TurnOverError from None
