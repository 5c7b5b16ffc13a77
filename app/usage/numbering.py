"""Numbers the events that waits follow from, so that two writers never tell of one request without seeing each other.

A wait is from a request's creation to its approval or processing, and these come in different calls, in any order.
Such an event carries its `ordinal` within its request: 1, 2, 3 by the order of storing. A writer reads those that are
stored, counts what its own change of the waits, and numbers them on. The numbers are unique in a request, so of two
transactions that tell of it at the same time MongoDB lets one through, and the other begins again and sees the first.
It also carries the times that were `told` before it, since those who told them expire earlier. Nothing else is stored
of a request: status, times and waits follow from its events whenever they are asked for.

All other events of a request carry their own id in the place of a number; no wait follows from them.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from pymongo import UpdateOne

from app.database.client import Database, Document
from app.database.transactions import Session, run_in_transaction
from app.usage.folding import Additions
from app.usage.model import EventName
from app.usage.timeline import times_of, waits_of

EVENTS = "events"
# A request has one creation, one approval and one processing. What a client repeats beyond this is stored and counted
# as an event; were it numbered too, each event of a request would read ever more before it.
ORDINAL_MAX = 20
NUMBERED = frozenset((EventName.REQUEST_CREATED, EventName.REQUEST_APPROVED, EventName.REQUEST_PROCESSED))
OF_REQUEST = {"$exists": True}  # the `ordinal` of all events of a request, numbered or not
IS_NUMBERED = {"$gt": 0}  # numbers alone: MongoDB compares within a type
INDEX = "companyId_1_requestId_1_ordinal_1"
BATCH_EVENTS = 500
_TOLD_FIELDS = {"_id": 0, **dict.fromkeys(("companyId", "requestId", "ordinal", "name", "occurredAt", "told"), 1)}
_SENT_FIELDS = {**_TOLD_FIELDS, "receivedAt": 1, "userId": 1}

RequestKey = tuple[str, str]  # company and request


async def number_events(database: Database, events: Sequence[Document], additions: Additions, session: Session) -> None:
    """Set the `ordinal` of events that are about to be stored, and add what they change of waits to `additions`."""
    by_request: dict[RequestKey, list[Document]] = defaultdict(list)
    for event in events:
        if event["name"] in NUMBERED:
            by_request[event["companyId"], event["requestId"]].append(event)
        elif "requestId" in event:
            event["ordinal"] = event["_id"]
    stored = await read_numbered(database, by_request, session) if by_request else {}
    for key, news in by_request.items():
        known = stored.get(key, ())
        last = max([event["ordinal"] for event in known], default=0)
        before = times_of(known)
        for place, event in enumerate(news, last + 1):
            event["ordinal"] = place if place <= ORDINAL_MAX else event["_id"]
            if known:  # where the work runs again it sees at least as much
                event["told"] = before
        after = times_of(news[: max(ORDINAL_MAX - last, 0)], before)
        additions.move_waits(key[0], waits_of(before), waits_of(after))


async def read_numbered(
    database: Database, keys: Collection[RequestKey], session: Session = None, *, senders: bool = False
) -> dict[RequestKey, list[Document]]:
    """Return the numbered events of each of these requests that has any; with who sent them and when if wanted."""
    ids: dict[str, list[str]] = defaultdict(list)
    for company_id, request_id in keys:
        ids[company_id].append(request_id)
    of_companies = [
        {"companyId": company_id, "requestId": {"$in": of_company}, "ordinal": IS_NUMBERED}
        for company_id, of_company in ids.items()
    ]
    query: Document = of_companies[0] if len(of_companies) == 1 else {"$or": of_companies}
    fields = _SENT_FIELDS if senders else _TOLD_FIELDS
    found: dict[RequestKey, list[Document]] = defaultdict(list)
    if ids:
        all_at_once = len(keys) * ORDINAL_MAX
        events = database[EVENTS].find(query, fields, session=session, hint=INDEX, batch_size=all_at_once)
        for event in await events.to_list(None):
            found[event["companyId"], event["requestId"]].append(event)
    return found


async def number_stored(database: Database) -> int:
    """Number the events of a time when they were not; returns how many. Their waits are the refolding's to count."""
    query = {"requestId": {"$exists": True}, "ordinal": {"$exists": False}}
    count = 0
    while events := await database[EVENTS].find(query).limit(BATCH_EVENTS).to_list(BATCH_EVENTS):

        async def work(session: Session, events: list[dict[str, Any]] = events) -> None:
            await number_events(database, events, Additions(), session)
            changes = [
                UpdateOne(
                    {"_id": event["_id"]}, {"$set": {key: event[key] for key in ("ordinal", "told") if key in event}}
                )
                for event in events
            ]
            await database[EVENTS].bulk_write(changes, ordered=False, session=session)

        await run_in_transaction(database, work)
        count += len(events)
    return count
