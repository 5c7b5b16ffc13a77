"""Stores events and folds them in the same transaction, many callers at once.

Promises that an accepted event stands in the events and the buckets or in neither, after any crash, so that the buckets
equal a recount at every moment and a dashboard never lags.

How: while transactions are under way the batches of other callers wait; then the next one takes what fits of them (a
group commit), so that the journal is waited for, and each bucket rewritten, once for all. On two busy cores with 16
callers of 100 events folding takes two fifths of the throughput (`scripts/benchmarks/dashboards.py`), most of it for
what is known of the requests. A folder behind a change stream or marks was the other choice: it reads each event a
second time, and dashboards would lag.

Workers share nothing: each counts in a writer slot of the buckets and moves to another when it meets a conflict, so
that a lone worker under ordinary load keeps one document a bucket and several soon stop meeting.
"""

import asyncio
import random
from collections.abc import Sequence
from contextvars import Context
from dataclasses import dataclass, field
from enum import Enum
from weakref import WeakKeyDictionary

from pymongo.errors import BulkWriteError

from app.database.client import Database, Document, is_away
from app.database.gathering import let_gather
from app.database.transactions import Session, run_in_transaction
from app.usage.buckets import add_to_buckets
from app.usage.folding import Additions
from app.usage.model import event_key
from app.usage.numbering import number_events

EVENTS = "events"
WRITER_SLOTS = 16
LANES = 2  # transactions at the same time: one is written while the other waits for the journal
# A transaction of about 40 ms. With larger ones 16 callers of 100 events are all in one, and while MongoDB works on it
# there is nothing for us to read: 14 000 events/s instead of 18 000.
GROUP_EVENTS_MAX = 800
ROUNDS_MAX = 600  # more than the items of a batch: each round settles at least one
DUPLICATE_KEY = 11000
DOCUMENT_INVALID = 121


class Outcome(Enum):
    """What became of one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    INVALID = "invalid"


class _EventsRefusedError(Exception):
    """The insertion was refused for one event: where it stands among the fresh ones, and why."""

    def __init__(self, index: int, code: int) -> None:
        super().__init__(code)
        self.index = index
        self.code = code


@dataclass(slots=True, eq=False)
class _Batch:
    """One caller's events and the answer that they wait for."""

    events: Sequence[Document]
    outcomes: asyncio.Future[list[Outcome]]


@dataclass(slots=True, eq=False)
class Recorder:
    """Records for all callers of one process."""

    database: Database
    _waiting: list[_Batch] = field(default_factory=list)
    _lanes: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _writers: list[int] = field(default_factory=lambda: list(range(LANES)))

    async def record(self, events: Sequence[Document]) -> list[Outcome]:
        """Return what became of each event; durable and folded on return. Raises what the driver raises."""
        batch = _Batch(events, asyncio.get_running_loop().create_future())
        self._waiting.append(batch)
        self._open_lane()
        return await batch.outcomes

    def _open_lane(self) -> None:
        """Let a lane begin: the first at once, another only when much is waiting, since it costs documents."""
        free = [lane for lane in range(LANES) if lane not in self._lanes]
        if free and (not self._lanes or sum(len(batch.events) for batch in self._waiting) >= GROUP_EVENTS_MAX):
            # A context of its own: the first caller's time budget is not that of the others.
            self._lanes[free[0]] = asyncio.create_task(self._drain(free[0]), context=Context())

    async def _drain(self, lane: int) -> None:
        try:
            while self._waiting:
                await let_gather(self._waiting)
                await self._settle(self._take_group(), lane)
        finally:
            del self._lanes[lane]

    def _take_group(self) -> list[_Batch]:
        size, taken = 0, 0
        for batch in self._waiting:
            size += len(batch.events)
            if taken and size > GROUP_EVENTS_MAX:
                break
            taken += 1
        group, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return group

    async def _settle(self, group: Sequence[_Batch], lane: int) -> None:
        """Answer each caller; what fails for the group is tried for each alone, so that none fails another."""
        try:
            outcomes = await self._commit([event for batch in group for event in batch.events], lane)
        except Exception as error:  # noqa: BLE001 - handed to the callers, who raise it
            if len(group) > 1 and not is_away(error):
                for batch in group:
                    await self._settle([batch], lane)
                return
            for batch in group:
                if not batch.outcomes.done():
                    batch.outcomes.set_exception(error)
            return
        start = 0
        for batch in group:
            if not batch.outcomes.done():
                batch.outcomes.set_result(outcomes[start : start + len(batch.events)])
            start += len(batch.events)

    async def _commit(self, events: Sequence[Document], lane: int) -> list[Outcome]:
        for event in events:
            event["_id"] = event_key(event["companyId"], event["eventId"])
        outcomes = _settle_repeats(events)
        for _ in range(ROUNDS_MAX):
            places = [place for place, outcome in enumerate(outcomes) if outcome is Outcome.ACCEPTED]
            if not places:
                return outcomes
            try:
                await self._write([events[place] for place in places], lane)
            except _EventsRefusedError as refusal:
                if refusal.code == DOCUMENT_INVALID:
                    outcomes[places[refusal.index]] = Outcome.INVALID
                else:
                    await self._settle_known(events, outcomes)
            else:
                return outcomes
        message = "the events of a batch could not be settled"
        raise RuntimeError(message)

    async def _write(self, fresh: Sequence[Document], lane: int) -> None:
        async def work(session: Session) -> None:
            additions = Additions()
            for event in fresh:
                additions.add_event(event)
            await number_events(self.database, fresh, additions, session)
            await self._insert(fresh, session)
            await add_to_buckets(self.database, additions, self._writers[lane], session)

        await run_in_transaction(self.database, work, on_conflict=lambda: self._move(lane))

    async def _insert(self, fresh: Sequence[Document], session: Session) -> None:
        try:
            await self.database[EVENTS].insert_many(fresh, session=session)
        except BulkWriteError as error:
            failures = (error.details or {}).get("writeErrors") or ()
            if not failures or failures[0]["code"] not in (DUPLICATE_KEY, DOCUMENT_INVALID):
                raise
            raise _EventsRefusedError(failures[0]["index"], failures[0]["code"]) from None

    async def _settle_known(self, events: Sequence[Document], outcomes: list[Outcome]) -> None:
        query = {"_id": {"$in": [event["_id"] for event in events]}}
        known = {row["_id"] for row in await self.database[EVENTS].find(query, {"_id": 1}).to_list(None)}
        for place, event in enumerate(events):
            if outcomes[place] is Outcome.ACCEPTED and event["_id"] in known:
                outcomes[place] = Outcome.DUPLICATE

    def _move(self, lane: int) -> None:
        self._writers[lane] = random.randrange(WRITER_SLOTS)  # noqa: S311 - no secret


def _settle_repeats(events: Sequence[Document]) -> list[Outcome]:
    seen: set[str] = set()
    outcomes = []
    for event in events:
        outcomes.append(Outcome.DUPLICATE if event["_id"] in seen else Outcome.ACCEPTED)
        seen.add(event["_id"])
    return outcomes


_RECORDERS: WeakKeyDictionary[Database, Recorder] = WeakKeyDictionary()


def recorder_of(database: Database) -> Recorder:
    """Return the one recorder of a database in this process: only callers that share it are merged."""
    if database not in _RECORDERS:
        _RECORDERS[database] = Recorder(database)
    return _RECORDERS[database]
