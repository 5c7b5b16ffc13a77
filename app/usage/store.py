"""Reads of usage events and requests; whose, comes from the token or a taken request, never from a filter."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database.client import Database, Document
from app.database.pages import Page, PageRequest, find_page
from app.usage.model import EventName
from app.usage.numbering import EVENTS, INDEX, OF_REQUEST, read_numbered
from app.usage.timeline import Times, creators_of, times_of

TIMELINE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class UsageReach:
    """Whose usage: companies, each narrowed to one person's own where a person stands beside it; or everybody's."""

    parts: tuple[tuple[str, str | None], ...] = ()
    everybody: bool = False

    def covers(self, company_id: str | None, person_id: str | None) -> bool:
        """Return whether all usage of a person in a company (without a person: of the whole company) is among it."""
        return self.everybody or any(part in self.parts for part in ((company_id, None), (company_id, person_id)))

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
            query |= {"requestId": self.request_id, "ordinal": OF_REQUEST}  # so that its index serves
        if self.template_id:
            query["templateId"] = self.template_id
        return query


async def find_events(database: Database, reach: UsageReach, wanted: EventFilter, page: PageRequest) -> Page:
    """Return one page of events, newest first."""
    return await find_page(database[EVENTS], {**wanted.query(), **reach.query("userId")}, page, sort_field="occurredAt")


async def find_request(database: Database, reach: UsageReach, request_id: str) -> str | None:
    """Return the company of a request within reach: all of a company's are, or those that the person created."""
    parts = reach.parts
    if reach.everybody:
        parts = tuple((company_id, None) for company_id in await database[EVENTS].distinct("companyId"))
    companies = {"$in": [company_id for company_id, _ in parts]}
    query = {"companyId": companies, "requestId": request_id, "ordinal": OF_REQUEST}
    known = await database.aggregate(EVENTS, [{"$match": query}, {"$group": {"_id": "$companyId"}}], hint=INDEX)
    keys: list[tuple[str, str]] = [(row["_id"], request_id) for row in known]
    numbered = await read_numbered(database, keys, senders=True)
    for key in keys:
        creators = creators_of(numbered.get(key, ()))
        if any(company_id == key[0] and person_id in (None, *creators) for company_id, person_id in parts):
            return key[0]
    return None


async def count_timeline(database: Database, company_id: str, request_id: str) -> int:
    """Return how many events `find_timeline` would give; reads the index alone."""
    query = {"companyId": company_id, "requestId": request_id, "ordinal": OF_REQUEST}
    return int(await database[EVENTS].count_documents(query, limit=TIMELINE_MAX, hint=INDEX))


async def find_timeline(database: Database, company_id: str, request_id: str) -> list[Document]:
    """Return the events of one request in the order in which they happened; of very many, the numbered at least."""
    query = {"companyId": company_id, "requestId": request_id, "ordinal": OF_REQUEST}
    found = database[EVENTS].find(query, hint=INDEX).sort("ordinal", 1).limit(TIMELINE_MAX)
    rows: list[Document] = await found.to_list(TIMELINE_MAX)
    return sorted(rows, key=lambda event: (event["occurredAt"], event["_id"]))


async def find_own_requests(database: Database, company_id: str, person_id: str, limit: int) -> dict[str, Times]:
    """Return the times of the requests that a person created, by their ids; of at most `limit` creations."""
    query = {"userId": person_id, "companyId": company_id, "name": EventName.REQUEST_CREATED.value}
    rows = await database[EVENTS].find(query, {"_id": 0, "requestId": 1}).limit(limit).to_list(limit)
    keys = {(company_id, row["requestId"]) for row in rows}
    numbered = await read_numbered(database, keys, senders=True)
    return {request_id: times_of(told) for (_, request_id), told in numbered.items() if person_id in creators_of(told)}
