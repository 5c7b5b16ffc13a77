"""Gathers what is held about one person, over all domains; restricted values are still sealed here.

At most `LIST_MAX` rows of a kind, the latest, and about `BYTES_MAX` of all together; what was cut is named, and the
API's own pages reach the rest. Rows are read in pages, and other callers have their turn between two. The kinds of
large rows come last, so that they push out no small one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from app.database.client import Database, Document
from app.database.keyring import Keyring
from app.database.pages import Page, PageRequest, decode_cursor
from app.error_reports.filters import ErrorFilter, ErrorsOf
from app.error_reports.service import ErrorService
from app.profiles.scope import living
from app.receipts.reach import show_agent
from app.receipts.store import find_receipts
from app.support.model import request_at
from app.support.store import find_requests
from app.usage.store import EventFilter, UsageReach, find_events, find_own_requests

LIST_MAX = 10_000
BYTES_MAX = 16 * 1024 * 1024  # of the answer, which the server holds several times while it is made and sent
PAGE_ROWS = 200

ReadPage = Callable[[PageRequest], Awaitable[Page]]


@dataclass(frozen=True, slots=True)
class Person:
    """Whose data: their own generated id, their company's, and (if they are the caller) the token's subject."""

    person_id: str | None
    company_id: str | None
    subject: str | None = None


@dataclass(slots=True)
class Holdings:
    """What is held, by kind, and of which kinds there is more than fits."""

    kinds: dict[str, list[Document]] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)
    bytes_left: int = BYTES_MAX

    async def add_pages(self, kind: str, read_page: ReadPage) -> None:
        """Take a kind page by page until it ends or no more fits."""
        page = await read_page(PageRequest(PAGE_ROWS))
        while self.add(kind, page.nodes) and page.has_next:
            await asyncio.sleep(0)
            page = await read_page(PageRequest(PAGE_ROWS, decode_cursor(page.page_info["endCursor"])))

    def add(self, kind: str, rows: Sequence[Document]) -> bool:
        """Take rows of a kind, and return whether all of them fit."""
        kept = self.kinds.setdefault(kind, [])
        for row in rows:
            size = _size_of(row)
            if len(kept) == LIST_MAX or size > self.bytes_left:
                self.cut.append(kind)
                return False
            kept.append(row)
            self.bytes_left -= size
        return True


def _size_of(row: Document) -> int:
    """Return about how many bytes of JSON a row makes: what is stored may be a sixth of it (control characters)."""
    return len(orjson.dumps(row, default=_stand_in, option=orjson.OPT_INDENT_2))


def _stand_in(value: object) -> str:
    """Return what is as long as the value is told; of a sealed one that is no more than it has bytes."""
    return "x" * len(value) if isinstance(value, bytes) else str(value)


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Reads from each domain."""

    database: Database
    keyring: Keyring
    errors: ErrorService

    async def gather(self, person: Person, now: datetime) -> Holdings:
        """Return all that is held about a person, as far as it fits."""
        found = Holdings()
        if person.person_id is not None:
            own = [{"_id": person.person_id}, {"personId": person.person_id}]
            found.add("profiles", await self._all("users", {"$or": own, **living(now)}))
        if person.company_id is not None:
            found.add("company", await self._all("companies", {"_id": person.company_id}))
        await self._gather_support(found, person, now)
        await self._gather_usage(found, person)
        if person.person_id is not None:
            of = ErrorsOf(user_id=person.person_id)
            await found.add_pages("errors", lambda page: self.errors.find(of, ErrorFilter(), page, now))
        return found

    async def _gather_usage(self, found: Holdings, person: Person) -> None:
        if person.company_id is None or person.person_id is None:
            return  # usage is always of a company
        reach = UsageReach(((person.company_id, person.person_id),))
        await found.add_pages("events", lambda page: find_events(self.database, reach, EventFilter(), page))
        requests = await find_own_requests(self.database, person.company_id, person.person_id, LIST_MAX + 1)
        found.add("requests", [{"requestId": request_id, **times} for request_id, times in requests.items()])

    async def _gather_support(self, found: Holdings, person: Person, now: datetime) -> None:
        about: list[Document] = [{"subjectId": person.person_id}] if person.person_id else []
        own: list[Document] = [{"openerId": person.subject}] if person.subject else []
        own += [{"openerPersonId": person.person_id}] if person.person_id else []
        acts: list[Document] = [{"actor": person.subject}] if person.subject else []
        if not about and not own:
            return

        async def read_requests(page: PageRequest) -> Page:
            requests = await find_requests(self.database, {"$or": [*about, *own]}, None, page, now)
            return replace(requests, nodes=[self._show(request_at(row, now), "takenBy") for row in requests.nodes])

        async def read_receipts(page: PageRequest) -> Page:
            receipts = await find_receipts(self.database, {"$or": [*about, *acts]}, page)
            return replace(receipts, nodes=[self._show(row, "actor") for row in receipts.nodes])

        await found.add_pages("supportRequests", read_requests)
        await found.add_pages("receipts", read_receipts)

    def _show(self, row: Document, agent: str) -> Document:
        """Return a row with the agent as a pseudonym, and without who asked."""
        shown = {name: value for name, value in row.items() if name not in {"openerId", "openerPersonId", agent}}
        return {**shown, agent: show_agent(row[agent], self.keyring.pseudonym) if row[agent] else None}

    async def _all(self, collection: str, query: Document) -> list[Document]:
        rows: list[Any] = await self.database[collection].find(query).limit(LIST_MAX + 1).to_list(None)
        return rows
