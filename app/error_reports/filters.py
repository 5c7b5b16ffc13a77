"""Whose error reports, and which of them, as MongoDB queries; nothing restricted is here. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database.client import Document
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
    group: str | None = None
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
            query["appVersion"] = self.app_version
        if self.group is not None:
            query["groupId"] = self.group.rpartition("/")[2]
        moments = {"$gte": self.after, "$lt": self.before}
        if any(moments.values()):
            query["occurredAt"] = {operator: moment for operator, moment in moments.items() if moment}
        return query
