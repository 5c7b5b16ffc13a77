"""Tells those who watch a dashboard that usage of their company changed, at most once a second each.

Reads the marks that each commit of usage leaves, one small document a day and commit, rather than every event.
"""

from app.database.changes import Changes
from app.database.client import Database, Document
from app.usage.buckets import MARKS

_NEW_MARKS: list[Document] = [{"$match": {"operationType": "insert"}}, {"$project": {"fullDocument.companyIds": 1}}]


def usage_changes(database: Database) -> Changes:
    """Return the changes of usage, watched by company id."""
    return Changes(database, MARKS, _NEW_MARKS, _companies_of)


def _companies_of(change: Document) -> list[tuple[str, str]]:
    return [(company_id, company_id) for company_id in change["fullDocument"]["companyIds"]]
