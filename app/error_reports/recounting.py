"""Counts a company's reports anew where more is counted than there is: after an erasure counted late what it took.

A report is stored first and counted after, so counts may lack one but never have one too many, unless its report is
gone. Promises that the counts are then those of the reports that are left, and that a counter at work is not lost. What
is stored but not counted at that moment is counted twice, and found to be too much the next time.
"""

from collections import defaultdict
from datetime import datetime

from app.database.client import Database, Document
from app.database.rows import iterate_rows
from app.database.transactions import Session, run_in_transaction
from app.error_reports.additions import Accepted, Additions
from app.error_reports.day_keys import DayKeys, open_reports
from app.error_reports.model import Report
from app.error_reports.people import hide_person

COUNTS = ("error_groups", "error_daily", "error_sketches")
BATCH_REPORTS = 200


async def counts_exceed(database: Database, company_id: str) -> bool:
    """Return whether a company's counts tell of more reports than there are; none may have expired that was counted."""
    counted = 0
    for collection, together in (("error_groups", "$sum"), ("error_daily", "$sum"), ("error_sketches", "$max")):
        stages: list[Document] = [
            {"$match": {"owner": company_id}},
            {"$group": {"_id": None, "count": {together: "$count"}}},
        ]
        counted = max([counted, *(row["count"] for row in await database.aggregate(collection, stages))])
    # Asked last: what is counted meanwhile was stored before.
    query, enough = {"companyId": company_id}, {"limit": counted}
    return counted > 0 and await database["errors"].count_documents(query, **enough) < counted


async def recount_reports(database: Database, keys: DayKeys, company_id: str, now: datetime) -> dict[str, int]:
    """Make a company's counts those of its reports; return how many documents of each collection were there before."""

    async def work(session: Session) -> dict[str, int]:
        found: dict[str, list[Document]] = defaultdict(list)
        for collection, owned in (await _count(database, keys, company_id, now, session)).of(company_id):
            found[collection].append(owned.as_document())
        gone = {}
        for collection in COUNTS:
            removed = await database[collection].delete_many({"owner": company_id}, session=session)
            gone[collection] = int(removed.deleted_count)
            if found[collection]:
                await database[collection].insert_many(found[collection], session=session)
        return gone

    return await run_in_transaction(database, work)


async def _count(database: Database, keys: DayKeys, company_id: str, now: datetime, session: Session) -> Additions:
    """Count the reports in the order of their receipt, for a group begins with its first."""
    additions = Additions()
    options = {"session": session, "sort": [("receivedAt", 1)], "batch_size": BATCH_REPORTS}
    async for rows in iterate_rows(database["errors"], {"companyId": company_id}, **options):
        for row in await open_reports(keys, rows, now):
            person = hide_person(keys.keyring, row["userId"]) if "userId" in row else None
            additions.add(Accepted(company_id, person, [Report(row, row)], row["receivedAt"]))
    return additions
