"""Gathers what is held about one person, over all domains; restricted values are still sealed here.

At most `LIST_MAX` rows of a kind, the latest; what was cut is named, and the API's own pages reach the rest.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.database.client import Database, Document
from app.database.keyring import Keyring
from app.database.pages import Page, PageRequest
from app.error_reports.filters import ErrorFilter, ErrorsOf
from app.error_reports.service import ErrorService
from app.profiles.scope import living
from app.receipts.reach import show_agent
from app.receipts.store import find_receipts
from app.support.model import request_at
from app.support.store import find_requests
from app.usage.store import EventFilter, UsageReach, find_events, find_own_requests

LIST_MAX = 10_000
_PAGE = PageRequest(LIST_MAX)


@dataclass(frozen=True, slots=True)
class Person:
    """Whose data: their own generated id, their company's, and (if they are the caller) the token's subject."""

    person_id: str | None
    company_id: str | None
    subject: str | None = None


@dataclass(slots=True)
class Holdings:
    """What is held, by kind, and of which kinds there is more than `LIST_MAX`."""

    kinds: dict[str, list[Document]] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)

    def add(self, kind: str, page: Page) -> None:
        """Take one page of a kind."""
        self.kinds[kind] = page.nodes
        if page.has_next:
            self.cut.append(kind)


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Reads from each domain."""

    database: Database
    keyring: Keyring
    errors: ErrorService

    async def gather(self, person: Person, now: datetime) -> Holdings:
        """Return all that is held about a person."""
        found = Holdings()
        if person.person_id is not None:
            own = [{"_id": person.person_id}, {"personId": person.person_id}]
            found.kinds["profiles"] = await self._all("users", {"$or": own, **living(now)})
            await self._gather_usage(found, person)
            of = ErrorsOf(user_id=person.person_id)
            found.add("errors", await self.errors.find(of, ErrorFilter(), _PAGE, now))
        if person.company_id is not None:
            found.kinds["company"] = await self._all("companies", {"_id": person.company_id})
        await self._gather_support(found, person, now)
        return found

    async def _gather_usage(self, found: Holdings, person: Person) -> None:
        if person.company_id is None or person.person_id is None:
            return  # usage is always of a company
        reach = UsageReach(((person.company_id, person.person_id),))
        found.add("events", await find_events(self.database, reach, EventFilter(), _PAGE))
        requests = await find_own_requests(self.database, person.company_id, person.person_id, LIST_MAX)
        found.kinds["requests"] = [{"requestId": request_id, **times} for request_id, times in requests.items()]

    async def _gather_support(self, found: Holdings, person: Person, now: datetime) -> None:
        about: list[Document] = [{"subjectId": person.person_id}] if person.person_id else []
        own: list[Document] = [{"openerId": person.subject}] if person.subject else []
        own += [{"openerPersonId": person.person_id}] if person.person_id else []
        acts: list[Document] = [{"actor": person.subject}] if person.subject else []
        if about or own:
            requests = await find_requests(self.database, {"$or": [*about, *own]}, None, _PAGE, now)
            shown = [self._show(request_at(request, now), "takenBy") for request in requests.nodes]
            found.add("supportRequests", Page(shown, requests.has_next, None))
            receipts = await find_receipts(self.database, {"$or": [*about, *acts]}, _PAGE)
            found.add("receipts", Page([self._show(row, "actor") for row in receipts.nodes], receipts.has_next, None))

    def _show(self, row: Document, agent: str) -> Document:
        """Return a row with the agent as a pseudonym, and without who asked."""
        shown = {name: value for name, value in row.items() if name not in {"openerId", "openerPersonId", agent}}
        return {**shown, agent: show_agent(row[agent], self.keyring.pseudonym) if row[agent] else None}

    async def _all(self, collection: str, query: Document) -> list[Document]:
        rows: list[Any] = await self.database[collection].find(query).limit(LIST_MAX).to_list(LIST_MAX)
        return rows
