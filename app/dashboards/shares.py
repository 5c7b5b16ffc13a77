"""What each company had of the anonymous counts when they were published, kept beside its buckets.

Only so can it be told of how many companies a new count would differ from the published one. A share is a document of
`usage_buckets` with a kind of its own: it goes when its company is erased, and with the buckets' age. It never leaves.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from pymongo import UpdateOne

from app.database.client import Database, Document
from app.database.transactions import Session
from app.usage.buckets import BUCKETS
from app.usage.folding import BucketKind
from app.usage.model import EventName

PUBLISHED = "PUBLISHED"

Counts = Mapping[str, Mapping[str, int]]  # by event, then by company; none is 0


async def read_counts(
    database: Database, days: Document, wanted: Document | None = None, session: Session = None
) -> Counts:
    """Return what each company has now on some days; `wanted` narrows by `day` and `counts.k`, the event's name."""
    return await _read(database, {"kind": BucketKind.COUNTS.value, **days}, wanted, session)


async def read_shares(database: Database, days: Document, parts: Iterable[str], session: Session = None) -> Counts:
    """Return what each company had of the published parts of some days."""
    return await _read(database, {"kind": PUBLISHED, "templateId": {"$in": list(parts)}, **days}, None, session)


async def _read(database: Database, query: Document, wanted: Document | None, session: Session) -> Counts:
    stages: list[Document] = [
        {"$match": query},
        {"$project": {"companyId": 1, "day": 1, "counts": {"$objectToArray": "$counts"}}},
        {"$unwind": "$counts"},
        {"$match": wanted or {}},
        {"$group": {"_id": {"event": "$counts.k", "of": "$companyId"}, "count": {"$sum": "$counts.v"}}},
        {"$match": {"count": {"$gt": 0}}},
    ]
    found: dict[str, dict[str, int]] = {name.value: {} for name in EventName}
    for row in await database.aggregate(BUCKETS, stages, session=session):
        found[row["_id"]["event"]][row["_id"]["of"]] = row["count"]
    return found


async def write_shares(database: Database, start: datetime, part: str, changes: Counts, session: Session) -> None:
    """Store what companies have of a part from now on; 0 takes a share away."""
    by_company: dict[str, dict[str, int]] = defaultdict(dict)
    for event, numbers in changes.items():
        for company_id, number in numbers.items():
            by_company[company_id][f"counts.{event}"] = number
    writes = [
        UpdateOne(
            {"companyId": company_id, "kind": PUBLISHED, "day": start, "templateId": part, "writer": 0},
            {"$set": numbers},
            upsert=True,
        )
        for company_id, numbers in by_company.items()
    ]
    if writes:
        await database[BUCKETS].bulk_write(writes, ordered=False, session=session)


async def drop_orphans(database: Database, start: datetime, part: str, days: Document) -> None:
    """Remove shares of companies without buckets: one may have been erased while its share was on its way."""
    present = await database[BUCKETS].distinct("companyId", {"kind": BucketKind.COUNTS.value, **days})
    of_part = {"kind": PUBLISHED, "day": start, "templateId": part}
    known = await database[BUCKETS].distinct("companyId", of_part)
    gone = sorted(set(known) - set(present))
    if gone:
        await database[BUCKETS].delete_many({**of_part, "companyId": {"$in": gone}})
