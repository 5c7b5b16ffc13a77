"""Reads of usage events and requests; whose, comes from the token or a taken request, never from a filter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database.client import Database, Document
from app.database.pages import Page, PageRequest, find_page
from app.usage.model import EventName, request_key

TIMELINE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class UsageReach:
    """Whose usage: companies, each narrowed to one person's own where a person stands beside it; or everybody's."""

    parts: tuple[tuple[str, str | None], ...] = ()
    everybody: bool = False

    def query(self, person_field: str) -> Document:
        """Return the part of a query that keeps to them; nothing fits an empty reach."""
        if self.everybody:
            return {}
        either = [
            {"companyId": company_id} if person_id is None else {"companyId": company_id, person_field: person_id}
            for company_id, person_id in self.parts
        ]
        return either[0] if len(either) == 1 else {"$or": either or [{"companyId": {"$in": []}}]}


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


async def find_events(database: Database, reach: UsageReach, wanted: EventFilter, page: PageRequest) -> Page:
    """Return one page of events, newest first."""
    return await find_page(
        database["events"], {**wanted.query(), **reach.query("userId")}, page, sort_field="occurredAt"
    )


async def find_request(database: Database, reach: UsageReach, request_id: str) -> Document | None:
    """Return a folded request within reach: of a company, or one that the person had a part in."""
    keys = [request_key(company_id, request_id) for company_id, _ in reach.parts]
    one = {"requestId": request_id} if reach.everybody else {"_id": {"$in": keys}}
    found: Document | None = await database["requests"].find_one({**reach.query("userIds"), **one})
    return found


async def count_timeline(database: Database, company_id: str, request_id: str) -> int:
    """Return how many events `find_timeline` would give; reads the index alone."""
    query = {"companyId": company_id, "requestId": request_id}
    return int(await database["events"].count_documents(query, limit=TIMELINE_MAX))


async def find_timeline(database: Database, company_id: str, request_id: str) -> list[Document]:
    """Return the events of one request in the order in which they happened."""
    query: Mapping[str, Any] = {"companyId": company_id, "requestId": request_id}
    order = [("occurredAt", 1), ("_id", 1)]
    rows: list[Document] = await database["events"].find(query).sort(order).limit(TIMELINE_MAX).to_list(TIMELINE_MAX)
    return rows
