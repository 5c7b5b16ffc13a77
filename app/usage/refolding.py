"""Makes buckets anew from the events, company by company and day by day, while the API runs.

Promises that afterwards all of them equal a recount, whatever they held before, and that events which arrive
meanwhile are counted once. Each day is compared in a snapshot and, where it differs, mended in one transaction: its
documents are removed first, so that a worker that counts at the same time meets the conflict at
once and goes on in another writer slot, whose numbers add up with the mended ones. Memory is that of a few batches of
events and of the buckets of two days, however many events there are.

Days whose events may have expired already are left as they are: buckets outlive events, and what is not a recount of
all events of its day would take from them what nobody can count again (`find_horizon`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from app.database.client import Database, Document
from app.database.rows import iterate_rows
from app.database.transactions import Session, run_in_transaction
from app.ingest import AHEAD
from app.usage.buckets import BUCKETS, mark_days
from app.usage.folding import Additions, BucketKind, day_of
from app.usage.model import EventName, request_key
from app.usage.numbering import EVENTS, number_stored, read_numbered
from app.usage.timeline import Step, times_of, waits_of

BATCH_EVENTS = 500  # in memory at once, of each day
DAYS_AT_ONCE = 2  # hides the waiting for MongoDB; more would only hold more memory
DAY = timedelta(days=1)
MARGIN = 2 * DAY  # of which rounding to a day takes one
_FIELDS = {"_id": 0} | dict.fromkeys(("companyId", "requestId", "name", "occurredAt", "templateId", "templateName"), 1)
_ENDS_WAIT = {EventName.REQUEST_APPROVED: Step.APPROVAL, EventName.REQUEST_PROCESSED: Step.PROCESSING}
Advance = Callable[[int], None]


@dataclass(slots=True)
class Refolded:
    """What was looked at, and what was not as the events say."""

    events: int = 0
    days: int = 0
    days_mended: int = 0
    numbered: int = 0  # events of a time when they were not
    oldest: datetime | None = None  # when the oldest event was received that was there at the beginning


async def find_horizon(database: Database, life: timedelta, now: datetime) -> datetime | None:
    """Return the first day whose events are surely all there, under the `life` that MongoDB gives them now.

    A bucket is of the day on which its events occurred; an event expires by when it was received. That is at most
    `AHEAD` before it occurred, and late ones are received later still. So a day is whole if nothing is gone of what was
    received since an hour before it began. Two things must hold for that:

    - The oldest event that is left was received before. Events expire in the order of receipt, so nothing younger is
      gone, however short their life once was: a setting lowered and raised again leaves buckets without events.
    - The day is a whole one away from where events expire now, so that none goes while its day is compared, nor is of
      a clock ahead.

    None without any event: then there is nothing to hold the buckets against. In a young database the first days are
    left out too, since nothing tells it from one whose older events have expired.
    """
    oldest = await _oldest(database)
    return None if oldest is None else max(_whole_after(oldest), day_of(now - life + MARGIN))


async def _oldest(database: Database, session: Session = None) -> datetime | None:
    """Return when the oldest event that is left was received."""
    row = await database[EVENTS].find_one({}, {"receivedAt": 1}, sort=[("receivedAt", 1)], session=session)
    return None if row is None else row["receivedAt"]


def _whole_after(oldest: datetime) -> datetime:
    return day_of(oldest + AHEAD) + DAY


async def refold(database: Database, horizon: datetime, advance: Advance, *, mend: bool = True) -> Refolded:
    """Compare everything from `horizon` on (the first day whose events are complete) and mend it unless told not to.

    `advance` is called with the number of events of each day that is done. A day whose events begin to expire
    meanwhile, because a server was started with a shorter life for them, is left as it is.
    """
    done, gate = Refolded(), asyncio.Semaphore(DAYS_AT_ONCE)
    done.oldest = await _oldest(database)
    if mend:
        done.numbered = await number_stored(database)
    async for company_id in _companies(database):
        async with asyncio.TaskGroup() as group:
            async for day in _days(database, company_id, horizon):
                await gate.acquire()
                task = group.create_task(_refold_day(database, company_id, day, done, advance, mend=mend))
                task.add_done_callback(lambda _: gate.release())
    return done


async def _refold_day(
    database: Database, company_id: str, day: datetime, done: Refolded, advance: Advance, *, mend: bool
) -> None:
    count, is_right = await _check_day(database, company_id, day)
    if not is_right and mend:
        mended = await _mend_day(database, company_id, day, done.oldest)
        is_right, count = mended is None, mended or count
    done.days_mended += not is_right
    done.days += 1
    done.events += count
    advance(count)


async def _companies(database: Database) -> AsyncIterator[str]:
    """Give the companies that have anything, one after the other, by index seeks."""
    last = ""
    while True:
        following = []
        for name in (EVENTS, BUCKETS):
            row = await database[name].find_one({"companyId": {"$gt": last}}, {"companyId": 1}, sort=[("companyId", 1)])
            if row is not None:
                following.append(row["companyId"])
        if not following:
            return
        last = min(following)
        yield last


async def _days(database: Database, company_id: str, horizon: datetime) -> AsyncIterator[datetime]:
    ends: list[datetime] = []
    for name, field in ((EVENTS, "occurredAt"), (BUCKETS, "day")):
        for way in (1, -1):
            query = {"companyId": company_id, field: {"$gte": horizon}}
            row = await database[name].find_one(query, {field: 1}, sort=[(field, way)])
            if row is not None:
                ends.append(day_of(row[field]))
    day = min(ends, default=horizon)
    while ends and day <= max(ends):
        yield day
        day += DAY


async def _check_day(database: Database, company_id: str, day: datetime) -> tuple[int, bool]:
    if await database[BUCKETS].find_one(_of_day(company_id, day), {"_id": 1}) is None:
        query = {"companyId": company_id, "occurredAt": {"$gte": day, "$lt": day + DAY}}
        return 0, await database[EVENTS].find_one(query, {"_id": 1}) is None

    async def work(session: Session) -> tuple[int, bool]:
        count, additions = await _count_day(database, company_id, day, session)
        stored = database[BUCKETS].find(_of_day(company_id, day), {"_id": 0}, session=session)
        made = [{**bucket, "writer": 0} for bucket in additions.buckets()]
        return count, _by_place(await stored.to_list(None)) == _by_place(made)

    return await run_in_transaction(database, work)


def _of_day(company_id: str, day: datetime) -> Document:
    kinds = [kind.value for kind in BucketKind]  # named, so that the index leads straight to the day
    return {"companyId": company_id, "kind": {"$in": kinds}, "day": day}


async def _mend_day(database: Database, company_id: str, day: datetime, oldest: datetime | None) -> int | None:
    """Make the day's buckets anew and return how many events it has; None where some of them may have expired by now.

    That is asked in the snapshot in which they are counted.
    """

    async def work(session: Session) -> int | None:
        left = await _oldest(database, session)
        if left != oldest and (left is None or day < _whole_after(left)):
            return None
        await database[BUCKETS].delete_many(_of_day(company_id, day), session=session)
        count, additions = await _count_day(database, company_id, day, session)
        buckets = [{**bucket, "writer": 0} for bucket in additions.buckets()]
        if buckets:
            await database[BUCKETS].insert_many(buckets, session=session)
        await mark_days(database, {day: [company_id]}, session)
        return count

    return await run_in_transaction(database, work)


async def _count_day(database: Database, company_id: str, day: datetime, session: Session) -> tuple[int, Additions]:
    """Count a day in the order of its moments, a batch at a time: only events of one moment may end the same wait."""
    additions, count = Additions(), 0
    query = {"companyId": company_id, "occurredAt": {"$gte": day, "$lt": day + DAY}}
    before: set[_End] = set()
    options = {"session": session, "sort": [("occurredAt", -1)], "batch_size": BATCH_EVENTS}
    async for batch in iterate_rows(database[EVENTS], query, _FIELDS, **options):
        for event in batch:
            additions.add_event(event)
        count += len(batch)
        ends = {
            _End(event["requestId"], _ENDS_WAIT[event["name"]], event["occurredAt"])
            for event in batch
            if event["name"] in _ENDS_WAIT
        }
        await _count_waits(database, company_id, ends - before, additions, session)
        before = {end for end in before | ends if end.at == batch[-1]["occurredAt"]}
    return count, additions


class _End(NamedTuple):
    """What an event may have ended: the wait of a request for a step, if the event is the first that tells of it."""

    request_id: str
    step: Step
    at: datetime


async def _count_waits(
    database: Database, company_id: str, ends: set[_End], additions: Additions, session: Session
) -> None:
    requests = {request_key(company_id, end.request_id): end.request_id for end in ends}
    for key, told in (await read_numbered(database, dict.fromkeys(requests, company_id), session)).items():
        for wait in waits_of(times_of(told)):
            if _End(requests[key], wait.step, wait.ended_at) in ends:
                additions.add_wait(company_id, wait)


def _by_place(buckets: Iterable[Document]) -> dict[tuple[str, str, int], Document]:
    return {
        (bucket["kind"], bucket["templateId"], bucket["writer"]): kept
        for bucket in buckets
        if (kept := _without_zeros(bucket)).keys() & {"counts", "quarters", "waits"}
    }


def _without_zeros(value: Mapping[str, Any]) -> Document:
    kept: Document = {}
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            inner = _without_zeros(inner)  # noqa: PLW2901 - the same thing, cleaned
        if key == "writer" or (inner not in (0, {})):
            kept[key] = inner
    return kept
