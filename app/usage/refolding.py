"""Makes buckets anew from the events, company by company and day by day, while the API runs.

Promises that afterwards all of them equal a recount, whatever they held before, and that events which arrive
meanwhile are counted once. Each day is compared in a snapshot and, where it differs, mended in one transaction: its
documents are removed first, so that a worker that counts at the same time meets the conflict at
once and goes on in another writer slot, whose numbers add up with the mended ones. Memory is that of a few batches of
events and of the buckets of two days, however many events there are.

Buckets outlive events, and what is not a recount of all events of its day would take from them what nobody can count
again. So days whose events have expired are left as they are (`find_horizon`), and those of which some may have are
only added to: where any number is higher than the recount, the day stays.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
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
    nothing_expired: bool = False


async def find_horizon(database: Database, life: timedelta, now: datetime) -> datetime | None:
    """Return the first day to look at, under the `life` that MongoDB gives events now.

    One full day later than the oldest event that is left could be, so that none expires while its day is compared, nor
    for a host whose clock is ahead.
    None without any event: then there is nothing to hold the buckets against.
    """
    return None if await _oldest(database) is None else day_of(now - life + MARGIN)


async def _oldest(database: Database, session: Session = None) -> datetime | None:
    """Return when the oldest event that is left was received."""
    row = await database[EVENTS].find_one({}, {"receivedAt": 1}, sort=[("receivedAt", 1)], session=session)
    return None if row is None else row["receivedAt"]


def _whole_after(oldest: datetime) -> datetime:
    """Return the first day whose events are surely all there, given when the oldest that is left was received.

    A bucket is of the day on which its events occurred; an event expires by when it was received. That is at most
    `AHEAD` before it occurred, and late ones are received later still. So a day is whole if nothing is gone of what was
    received since an hour before it began. Events expire in the order of receipt, so nothing younger than the oldest
    is gone, however short their life once was: a setting lowered and raised again leaves buckets without events. A
    database that is young looks the same, with all events there.
    """
    return day_of(oldest + AHEAD) + DAY


async def refold(
    database: Database, horizon: datetime, advance: Advance, *, mend: bool = True, nothing_expired: bool = False
) -> Refolded:
    """Compare everything from `horizon` on and mend it unless told not to.

    `advance` is called with the number of events of each day that is done. A day whose events begin to expire
    meanwhile, because a server was started with a shorter life for them, is left as it is. Where `nothing_expired`
    since the first event, which only an operator can know, all days are made equal to their recount.
    """
    done = Refolded(nothing_expired=nothing_expired)
    done.oldest = await _oldest(database)
    if mend:
        done.numbered = await number_stored(database)
    async for company_id in _companies(database):
        try:
            await _refold_company(database, company_id, horizon, done, advance, mend=mend)
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None  # the others follow from it, or say the same
    return done


async def _refold_company(
    database: Database, company_id: str, horizon: datetime, done: Refolded, advance: Advance, *, mend: bool
) -> None:
    gate = asyncio.Semaphore(DAYS_AT_ONCE)
    async with asyncio.TaskGroup() as group:
        async for day in find_days(database, company_id, horizon):
            await gate.acquire()
            task = group.create_task(_refold_day(database, company_id, day, done, advance, mend=mend))
            task.add_done_callback(lambda _: gate.release())


async def _refold_day(
    database: Database, company_id: str, day: datetime, done: Refolded, advance: Advance, *, mend: bool
) -> None:
    is_whole = done.oldest is not None and (done.nothing_expired or day >= _whole_after(done.oldest))
    count, is_right = await check_day(database, company_id, day, is_whole=is_whole)
    if not is_right and mend:
        mended = await _mend_day(database, company_id, day, done)
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


async def find_days(database: Database, company_id: str, horizon: datetime) -> AsyncIterator[datetime]:
    """Give each day from the first to the last of a company's that has events or buckets, from `horizon` on."""
    ends: list[datetime] = []
    for name, key in ((EVENTS, "occurredAt"), (BUCKETS, "day")):
        for way in (1, -1):
            query = {"companyId": company_id, key: {"$gte": horizon}}
            row = await database[name].find_one(query, {key: 1}, sort=[(key, way)])
            if row is not None:
                ends.append(day_of(row[key]))
    day = min(ends, default=horizon)
    while ends and day <= max(ends):
        yield day
        day += DAY


async def check_day(database: Database, company_id: str, day: datetime, *, is_whole: bool) -> tuple[int, bool]:
    """Return how many events a day has, and whether its buckets say so; one that is not whole may have more."""
    if await database[BUCKETS].find_one(_of_day(company_id, day), {"_id": 1}) is None:
        query = {"companyId": company_id, "occurredAt": {"$gte": day, "$lt": day + DAY}}
        return 0, await database[EVENTS].find_one(query, {"_id": 1}) is None

    async def work(session: Session) -> tuple[int, bool]:
        count, additions = await _count_day(database, company_id, day, session)
        stored = database[BUCKETS].find(_of_day(company_id, day), {"_id": 0}, session=session)
        held, made = _sum(await stored.to_list(None)), _sum(additions.buckets())
        return count, held.equal(made) or (not is_whole and held.exceed(made))

    return await run_in_transaction(database, work)


def _of_day(company_id: str, day: datetime) -> Document:
    kinds = [kind.value for kind in BucketKind]  # named, so that the index leads straight to the day
    return {"companyId": company_id, "kind": {"$in": kinds}, "day": day}


async def _mend_day(database: Database, company_id: str, day: datetime, done: Refolded) -> int | None:
    """Make the day's buckets anew and return how many events it has; None where some of them may have expired by now.

    That is asked in the snapshot in which they are counted.
    """

    async def work(session: Session) -> int | None:
        left = await _oldest(database, session)
        if left != done.oldest and (left is None or day < _whole_after(left)):
            return None
        return (await make_day(database, company_id, day, session)).events

    return await run_in_transaction(database, work)


class Made(NamedTuple):
    """What a day's buckets were made of: events; and how many documents were there before."""

    events: int
    gone: int


async def make_day(database: Database, company_id: str, day: datetime, session: Session) -> Made:
    """Make a day's buckets anew in a transaction, and mark the day."""
    removed = await database[BUCKETS].delete_many(_of_day(company_id, day), session=session)
    count, additions = await _count_day(database, company_id, day, session)
    buckets = [{**bucket, "writer": 0} for bucket in additions.buckets()]
    if buckets:
        await database[BUCKETS].insert_many(buckets, session=session)
    await mark_days(database, {day: [company_id]}, session)
    return Made(count, int(removed.deleted_count))


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


@dataclass(slots=True)
class _Sums:
    """What buckets hold together, whichever writers counted it: numbers by their place, the latest names."""

    numbers: Counter[tuple[str, ...]] = field(default_factory=Counter)
    names: dict[tuple[str, str], tuple[datetime, str]] = field(default_factory=dict)

    def add(self, bucket: Document) -> None:
        """Add one bucket."""
        place = (bucket["kind"], bucket["templateId"])
        for name, inner in bucket.items():
            if name == "named":
                told = inner["at"], inner["name"]
                self.names[place] = max(self.names.get(place, told), told)
            elif isinstance(inner, Mapping):
                self._add_numbers((*place, name), inner)

    def _add_numbers(self, place: tuple[str, ...], inner: Mapping[str, Any]) -> None:
        for key, value in inner.items():
            if isinstance(value, Mapping):
                self._add_numbers((*place, key), value)
            else:
                self.numbers[*place, key] += value

    def equal(self, other: "_Sums") -> bool:
        """Return whether both hold the same; a zero is nothing."""
        return self.numbers == other.numbers and self.names == other.names

    def exceed(self, other: "_Sums") -> bool:
        """Return whether any number here is higher."""
        return not self.numbers <= other.numbers


def _sum(buckets: Iterable[Document]) -> _Sums:
    sums = _Sums()
    for bucket in buckets:
        sums.add(bucket)
    return sums
