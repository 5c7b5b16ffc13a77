"""Usage buckets and folded requests in MongoDB: adding to them within a transaction.

A bucket may be spread over several documents, one for each writer slot, whose numbers add up: two workers that count
for the same company then do not wait for each other. A document may hold zeros and, next to another slot's, numbers
below.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from pymongo import InsertOne, UpdateOne

from app.database.client import Database, Document
from app.database.transactions import Session
from app.usage.folding import Additions, identity_of, named_of
from app.usage.model import request_key
from app.usage.timeline import TIME_FIELDS, fold_request, waits_of

BUCKETS = "usage_buckets"
REQUESTS = "requests"
MARKS = "usage_marks"

RequestKey = tuple[str, str]


async def add_to_buckets(database: Database, additions: Additions, writer: int, session: Session) -> None:
    """Add the numbers to the buckets of this writer slot, and mark the days that change."""
    changes = []
    companies_by_day: dict[datetime, set[str]] = defaultdict(set)
    for key, numbers in additions.numbers().items():
        change: Document = {"$inc": {path: number for path, number in numbers.items() if number}}
        if key in additions.names:
            change["$max"] = {"named": named_of(additions.names[key])}
        if change["$inc"] or "$max" in change:
            changes.append(UpdateOne({**identity_of(key), "writer": writer}, change, upsert=True))
            companies_by_day[key.day].add(key.company_id)
    if changes:
        await database[BUCKETS].bulk_write(changes, ordered=False, session=session)
        await mark_days(database, companies_by_day, session)


async def fold_into_requests(
    database: Database,
    events: Iterable[Document],
    additions: Additions,
    session: Session,
) -> None:
    """Fold the events into their requests, and what that changes of their waits into `additions`."""
    by_request: dict[RequestKey, list[Document]] = defaultdict(list)
    for event in events:
        if event["name"] in TIME_FIELDS:
            by_request[event["companyId"], event["requestId"]].append(event)
    if not by_request:
        return
    known = await find_requests(database, by_request, session)
    changes: list[InsertOne[Document] | UpdateOne] = []
    for key, news in by_request.items():
        before = known.get(key, {})
        after = fold_request(before, news)
        additions.move_waits(key[0], waits_of(before) if before else (), waits_of(after))
        if not before:
            changes.append(InsertOne(after))
        elif after != before:
            new = {field: value for field, value in after.items() if before.get(field) != value}
            changes.append(UpdateOne({"_id": before["_id"]}, {"$set": new}))
    if changes:
        await database[REQUESTS].bulk_write(changes, ordered=False, session=session)


async def find_requests(
    database: Database,
    keys: Iterable[RequestKey],
    session: Session = None,
) -> dict[RequestKey, Document]:
    """Return the stored requests of these (company, request) that exist."""
    query = {"_id": {"$in": [request_key(company_id, request_id) for company_id, request_id in keys]}}
    rows = await database[REQUESTS].find(query, session=session).to_list(None)
    return {(row["companyId"], row["requestId"]): row for row in rows}


async def mark_days(database: Database, companies_by_day: Mapping[datetime, Iterable[str]], session: Session) -> None:
    """Note which days of which companies changed: for the anonymous counts, and for those who watch a dashboard.

    Marks are only inserted here, so they never conflict; they are gone once the anonymous counts are made.
    """
    marks = [{"day": day, "companyIds": sorted(companies)} for day, companies in sorted(companies_by_day.items())]
    if marks:
        await database[MARKS].insert_many(marks, session=session)
