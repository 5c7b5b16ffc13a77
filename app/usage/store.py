"""Reads of usage events; the company always comes from the caller's token or open request, never from a filter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database.client import Database, Document
from app.database.pages import Page, PageRequest, find_page
from app.usage.model import EventName


@dataclass(frozen=True, slots=True)
class EventsOf:
    """Whose events: a company's, narrowed to one person's own for ordinary users."""

    company_id: str
    user_id: str | None = None

    def query(self) -> Document:
        """Return the part of the query that keeps to them."""
        query: Document = {"companyId": self.company_id}
        if self.user_id is not None:
            query["userId"] = self.user_id
        return query


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What to look for among them; nothing restricted is here."""

    names: tuple[EventName, ...] = ()
    after: datetime | None = None
    before: datetime | None = None
    request_id: str | None = None
    template_id: str | None = None

    def query(self) -> Document:
        """Return the MongoDB query of this filter."""
        query: dict[str, Any] = {}
        if self.names:
            query["name"] = {"$in": [name.value for name in self.names]}
        moments = {"$gte": self.after, "$lt": self.before}
        if any(moments.values()):
            query["occurredAt"] = {operator: moment for operator, moment in moments.items() if moment}
        if self.request_id:
            query["requestId"] = self.request_id
        if self.template_id:
            query["templateId"] = self.template_id
        return query


async def find_events(database: Database, of: EventsOf, wanted: EventFilter, page: PageRequest) -> Page:
    """Return one page of events, newest first."""
    return await find_page(database["events"], {**wanted.query(), **of.query()}, page, sort_field="occurredAt")


async def find_timeline(database: Database, company_id: str, request_id: str) -> list[Document]:
    """Return the events of one request in the order in which they happened."""
    query: Mapping[str, Any] = {"companyId": company_id, "requestId": request_id}
    rows: list[Document] = await database["events"].find(query).sort([("occurredAt", 1), ("_id", 1)]).limit(1_000).to_list(1_000)
    return rows
