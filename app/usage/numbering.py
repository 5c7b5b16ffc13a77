"""Numbers the events of a request, so that two writers never tell of one request without seeing each other.

A wait is from a request's creation to its approval or processing, and these come in different calls, in any order.
Each event of a request carries its `ordinal`: 1, 2, 3 by the order of storing. A writer reads those that are stored,
adds how its own events change the waits, and numbers on. The numbers are unique in a request, so of two
transactions that tell of it at the same time MongoDB lets one through, and the other begins again and sees the first.
An event also carries the times that were `told` by events received before it, since those expire earlier. Nothing else
is stored of a request: status, times and waits follow from its events whenever they are asked for.

The index stands by a digest of the request's id: ids that follow each other, as some generators make them, would let
each insertion pass those of all transactions under way (twice the cost, measured).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter

from pymongo import UpdateOne

from app.database.client import Database, Document
from app.database.rows import find_rows
from app.database.transactions import Session, run_in_transaction
from app.usage.folding import Additions
from app.usage.model import request_key
from app.usage.timeline import NEWEST, NOTHING, TIME_FIELDS, Times, times_of, waits_of

EVENTS = "events"
# What a client tells of a request beyond this (and was told before) is stored and counted as an event, but carries its
# own id instead of a number: were it numbered too, each event of a request would read ever more before it. Only the
# newest of these has a number, `NEWEST`, so that what was told outlives the numbered ones, which expire before it.
ORDINAL_MAX = 20
OF_REQUEST = {"$exists": True}  # the `ordinal` of all events of a request, numbered or not
IS_NUMBERED = {"$gt": 0}  # numbers alone: MongoDB compares within a type
INDEX = "companyId_1_requestKey_1_ordinal_1"
BATCH_EVENTS = 500
_TOLD_FIELDS = {"_id": 0, **dict.fromkeys(("requestKey", "ordinal", "name", "occurredAt", "told"), 1)}
_SENT_FIELDS = {**_TOLD_FIELDS, "receivedAt": 1, "userId": 1}
_UNNUMBERED = {"requestId": {"$exists": True}, "ordinal": {"$exists": False}}
_received_at = itemgetter("receivedAt")


async def number_events(database: Database, events: Sequence[Document], additions: Additions, session: Session) -> None:
    """Number events that are about to be stored, and add what they change of waits to `additions`."""
    news: dict[str, list[Document]] = defaultdict(list)
    companies: dict[str, str] = {}
    for event in events:
        if "requestId" in event:
            key = event["requestKey"] = request_key(event["companyId"], event["requestId"])
            news[key].append(event)
            companies[key] = event["companyId"]
    stored = await read_numbered(database, companies, session)
    outdone: list[Document] = []
    for key, company_id in companies.items():
        known = stored.get(key, ())
        before = times_of(known) if known else NOTHING
        last = next((event["ordinal"] for event in reversed(known) if event["ordinal"] != NEWEST), 0)
        after = _number(news[key], before, last)
        if known and known[-1]["ordinal"] == NEWEST and any(event["ordinal"] == NEWEST for event in news[key]):
            outdone.append({"companyId": company_id, "requestKey": key, "ordinal": NEWEST})
        if len(after) > 1:
            additions.move_waits(company_id, waits_of(before), waits_of(after))
    if outdone:
        change = [{"$set": {"ordinal": "$_id"}}]
        await database[EVENTS].update_many({"$or": outdone}, change, session=session)


def _number(news: list[Document], before: Times, last: int) -> Times:
    """Number the events of one request after `last`; returns what is told with them."""
    times, told, since, newest = before, before, None, None
    for event in sorted(news, key=_received_at) if len(news) > 1 else news:
        if event["receivedAt"] != since:
            told, since = times, event["receivedAt"]
        event.pop("told", None)  # of a run before this one, which saw what may be erased by now
        field, moment = TIME_FIELDS[event["name"]], event["occurredAt"]
        if last < ORDINAL_MAX or field not in times:
            last += 1
            event["ordinal"] = last
            if field not in times or moment < times[field]:
                times = {**times, field: moment}
        else:
            event["ordinal"], event["told"], newest = event["_id"], times, event
            continue
        if told:
            event["told"] = told
    if newest is not None:
        newest["ordinal"] = NEWEST
    return times


async def read_numbered(
    database: Database, companies: Mapping[str, str], session: Session = None, *, senders: bool = False
) -> dict[str, list[Document]]:
    """Return the numbered events of requests that have any, by `request_key`; with senders if wanted.

    Asked for are the company of each request, by `request_key` too. The events stand in the order of their numbers.
    """
    keys: dict[str, list[str]] = defaultdict(list)
    for key, company_id in companies.items():
        keys[company_id].append(key)
    of_companies = [
        {"companyId": company_id, "requestKey": {"$in": of_company}, "ordinal": IS_NUMBERED}
        for company_id, of_company in keys.items()
    ]
    query: Document = of_companies[0] if len(of_companies) == 1 else {"$or": of_companies}
    fields = _SENT_FIELDS if senders else _TOLD_FIELDS
    found: dict[str, list[Document]] = defaultdict(list)
    if companies:
        all_at_once = len(companies) * ORDINAL_MAX
        options = {"session": session, "hint": INDEX, "batch_size": all_at_once}
        for event in await find_rows(database[EVENTS], query, fields, **options):
            found[event["requestKey"]].append(event)
    return found


async def number_stored(database: Database) -> int:
    """Number the events of a time when they were not; returns how many. Their waits are the refolding's to count.

    By the order of receipt, so that each is told of what was received before it.
    """
    count, since = 0, datetime.min.replace(tzinfo=UTC)
    while True:
        query = {**_UNNUMBERED, "receivedAt": {"$gte": since}}
        found = database[EVENTS].find(query, {"receivedAt": 1}).sort("receivedAt", 1).limit(BATCH_EVENTS)
        rows = await found.to_list(BATCH_EVENTS)
        if not rows:
            return count
        since = rows[0]["receivedAt"]
        count += await _number_these(database, [row["_id"] for row in rows])


async def _number_these(database: Database, ids: Sequence[str]) -> int:
    async def work(session: Session) -> int:
        # Read again: another refolding may have numbered them since.
        query = {**_UNNUMBERED, "_id": {"$in": ids}}
        events = await database[EVENTS].find(query, session=session).to_list(None)
        if events:
            await number_events(database, events, Additions(), session)
            await database[EVENTS].bulk_write([*map(_numbering, events)], ordered=False, session=session)
        return len(events)

    return await run_in_transaction(database, work)


def _numbering(event: Document) -> UpdateOne:
    return UpdateOne({"_id": event["_id"]}, {"$set": {name: event[name] for name in _NUMBERED_BY if name in event}})


_NUMBERED_BY = ("requestKey", "ordinal", "told")
