"""Usage buckets in MongoDB: adding to them within a transaction.

A bucket may be spread over several documents, one for each writer slot, whose numbers add up: two workers that count
for the same company then do not wait for each other. A document may hold zeros and, next to another slot's, numbers
below.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from pymongo import UpdateOne

from app.database.client import Database, Document
from app.database.transactions import Session
from app.usage.folding import Additions, identity_of, named_of

BUCKETS = "usage_buckets"
MARKS = "usage_marks"


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


async def mark_days(database: Database, companies_by_day: Mapping[datetime, Iterable[str]], session: Session) -> None:
    """Note which days of which companies changed: for the anonymous counts, and for those who watch a dashboard.

    Marks are only inserted here, so they never conflict; they are gone once the anonymous counts are made.
    """
    marks = [{"day": day, "companyIds": sorted(companies)} for day, companies in sorted(companies_by_day.items())]
    if marks:
        await database[MARKS].insert_many(marks, session=session)
