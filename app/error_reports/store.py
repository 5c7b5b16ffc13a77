"""Reads of error reports; never one older than its life, even while the TTL monitor lags (P11)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.database.client import Database, Document
from app.database.pages import Page, PageRequest, find_page
from app.error_reports.model import ErrorKind


@dataclass(frozen=True, slots=True)
class ErrorsOf:
    """Whose reports; neither set means everybody's (staff)."""

    company_id: str | None = None
    user_id: str | None = None

    def query(self) -> Document:
        """Return the part of the query that keeps to them."""
        query: Document = {}
        if self.company_id is not None:
            query["companyId"] = self.company_id
        if self.user_id is not None:
            query["userId"] = self.user_id
        return query


@dataclass(frozen=True, slots=True)
class ErrorFilter:
    """What to look for among them; nothing restricted is here."""

    kinds: tuple[ErrorKind, ...] = ()
    code: str | None = None
    app_version: str | None = None
    after: datetime | None = None
    before: datetime | None = None

    def query(self) -> Document:
        """Return the MongoDB query of this filter."""
        query: dict[str, Any] = {}
        if self.kinds:
            query["kind"] = {"$in": [kind.value for kind in self.kinds]}
        if self.code is not None:
            query["code"] = self.code
        if self.app_version is not None:
            query["device.appVersion"] = self.app_version
        moments = {"$gte": self.after, "$lt": self.before}
        if any(moments.values()):
            query["occurredAt"] = {operator: moment for operator, moment in moments.items() if moment}
        return query


async def find_errors(
    database: Database, of: ErrorsOf, wanted: ErrorFilter, page: PageRequest, *, now: datetime, life: timedelta
) -> Page:
    """Return one page of living reports, newest first."""
    query = {**wanted.query(), **of.query(), "receivedAt": {"$gt": now - life}}
    return await find_page(database["errors"], query, page, sort_field="receivedAt")
