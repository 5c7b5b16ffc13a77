"""Counts a company's buckets anew after some of its events were erased, while recorders go on.

Recorders store an event and its numbers in one transaction, but an erasure, which may be of millions, takes them one
after the other. Promises that afterwards the buckets equal a recount of what is left, whoever recorded meanwhile; see
`refolding.py` for how. No event that is left may have expired, for its numbers outlive it: that is the caller's part.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from app.database.client import Database, Document
from app.database.transactions import Session, run_in_transaction
from app.usage.buckets import BUCKETS
from app.usage.folding import EPOCH, BucketKind
from app.usage.numbering import EVENTS
from app.usage.refolding import check_day, find_days, make_day


async def counts_agree(database: Database, company_id: str, end: datetime) -> bool:
    """Return whether the buckets of each day before `end` tell of as many events as there are.

    Reads an index and a few documents; an event too few or too many shows, a wait does not.
    """
    early, day = {"$lt": end}, {"$dateTrunc": {"date": "$occurredAt", "unit": "day"}}
    counts: list[Document] = [
        {"$match": {"companyId": company_id, "kind": BucketKind.COUNTS.value, "day": early}},
        {"$project": {"day": 1, "counts": {"$objectToArray": "$counts"}}},
        {"$unwind": "$counts"},
        {"$group": {"_id": "$day", "number": {"$sum": "$counts.v"}}},
        {"$match": {"number": {"$ne": 0}}},
    ]
    events: list[Document] = [
        {"$match": {"companyId": company_id, "occurredAt": early}},
        {"$group": {"_id": day, "number": {"$sum": 1}}},
    ]
    told, held = await asyncio.gather(_by_day(database, BUCKETS, counts), _by_day(database, EVENTS, events))
    return told == held


async def _by_day(database: Database, collection: str, stages: Sequence[Document]) -> dict[datetime, int]:
    return {row["_id"]: row["number"] for row in await database.aggregate(collection, stages)}


async def recount_company(database: Database, company_id: str, end: datetime) -> int:
    """Make the buckets of each day before `end` anew that differs from its events; return how many there were of it."""
    gone = 0
    async for day in find_days(database, company_id, EPOCH):
        if day >= end:
            break
        _, is_right = await check_day(database, company_id, day, is_whole=True)
        if not is_right:
            gone += await _recount_day(database, company_id, day)
    return gone


async def _recount_day(database: Database, company_id: str, day: datetime) -> int:
    async def work(session: Session) -> int:
        return (await make_day(database, company_id, day, session)).gone

    return await run_in_transaction(database, work)
