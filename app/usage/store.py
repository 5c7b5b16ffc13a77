"""Reads of usage events and requests; whose, comes from the token or a taken request, never from a filter."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database.client import Database, Document
from app.database.pages import Page, PageRequest, find_page
from app.usage.model import EventName, request_key
from app.usage.numbering import EVENTS, INDEX, OF_REQUEST, read_numbered
from app.usage.timeline import STEPS, TIME_FIELDS, Times, creators_of, times_of

TIMELINE_MAX = 1_000
REQUESTS_AT_ONCE = 500  # in memory, each with its events


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
            query["requestId"] = self.request_id
        if self.template_id:
            query["templateId"] = self.template_id
        return query


async def find_events(database: Database, reach: UsageReach, wanted: EventFilter, page: PageRequest) -> Page:
    """Return one page of events, newest first."""
    query = {**wanted.query(), **reach.query("userId")}
    if wanted.request_id is not None:  # so that its index serves
        companies = await _companies_of(database, reach)
        keys = [request_key(company_id, wanted.request_id) for company_id in companies]
        query |= {"requestKey": {"$in": keys}, "ordinal": OF_REQUEST}
        if reach.everybody:
            query["companyId"] = {"$in": companies}
        elif any(person_id for _, person_id in reach.parts):
            company_id = await find_request(database, reach, wanted.request_id)
            if company_id is not None:  # theirs, so all that happened to it, as in its timeline
                query = {**wanted.query(), **_of_request(company_id, wanted.request_id)}
    return await find_page(database[EVENTS], query, page, sort_field="occurredAt")


async def _companies_of(database: Database, reach: UsageReach) -> list[str]:
    """Return the companies within reach that any event is of; for everybody's usage by seeks in an index."""
    if reach.everybody:
        return list(await database[EVENTS].distinct("companyId"))
    return [company_id for company_id, _ in reach.parts]


async def find_request(database: Database, reach: UsageReach, request_id: str) -> str | None:
    """Return the company of a request within reach: all of a company's are, or those that the person created."""
    companies = {request_key(company_id, request_id): company_id for company_id in await _companies_of(database, reach)}
    for key, told in (await read_numbered(database, companies, senders=True)).items():
        if any(reach.covers(companies[key], person_id) for person_id in (None, *creators_of(told))):
            return companies[key]
    return None


def _of_request(company_id: str, request_id: str) -> Document:
    return {"companyId": company_id, "requestKey": request_key(company_id, request_id), "ordinal": OF_REQUEST}


async def count_timeline(database: Database, company_id: str, request_id: str) -> int:
    """Return how many events `find_timeline` would give; reads no more than these."""
    query = _of_request(company_id, request_id)
    return int(await database[EVENTS].count_documents(query, limit=TIMELINE_MAX, hint=INDEX))


async def find_timeline(database: Database, company_id: str, request_id: str) -> list[Document]:
    """Return the events of one request in the order in which they happened; of very many, the numbered at least."""
    found = database[EVENTS].find(_of_request(company_id, request_id), hint=INDEX)
    rows: list[Document] = await found.sort("ordinal", 1).limit(TIMELINE_MAX).to_list(TIMELINE_MAX)
    return sorted(rows, key=_in_order)


def _in_order(event: Document) -> tuple[datetime, int, datetime, str]:
    """Return an event's place in a timeline: at the same moment steps stand in the order of a request's life."""
    step = STEPS.index(TIME_FIELDS[event["name"]]) if event["name"] in TIME_FIELDS else len(STEPS)
    return event["occurredAt"], step, event["receivedAt"], event["_id"]


async def find_own_requests(database: Database, company_id: str, person_id: str, limit: int) -> dict[str, Times]:
    """Return the times of the requests that a person created, by their ids; of at most `limit` creations."""
    query = {"userId": person_id, "companyId": company_id, "name": EventName.REQUEST_CREATED.value}
    rows = await database[EVENTS].find(query, {"_id": 0, "requestId": 1}).limit(limit).to_list(limit)
    requests = {request_key(company_id, row["requestId"]): row["requestId"] for row in rows}
    keys = sorted(requests)
    own: dict[str, Times] = {}
    for start in range(0, len(keys), REQUESTS_AT_ONCE):
        part = dict.fromkeys(keys[start : start + REQUESTS_AT_ONCE], company_id)
        for key, told in (await read_numbered(database, part, senders=True)).items():
            if person_id in creators_of(told):
                own[requests[key]] = times_of(told)
    return own
