"""Records error reports and gives them back: scrubbed, grouped, sealed under their day's key, counted (P10, P11).

A report without a token keeps no address and no person.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId

from app.database.batches import insert_batch
from app.database.client import Database, Document
from app.database.keyring import Keyring
from app.database.pages import Page, PageRequest, find_page
from app.database.rows import find_rows
from app.database.vault import Vault
from app.error_reports.additions import Accepted
from app.error_reports.counting import ReportCounter
from app.error_reports.day_keys import MARK_BYTES, DayKeys, day_of, open_reports, seal_payload
from app.error_reports.filters import ErrorFilter, ErrorsOf
from app.error_reports.grouping import fingerprint_of
from app.error_reports.known_ids import find_known_ids
from app.error_reports.model import IpMode, Report, keep_address, read_report
from app.error_reports.people import hide_person
from app.error_reports.telling import tell_reports
from app.errors import forbidden
from app.ingest import IngestResult, Item, Malformed, Rejection, check_batch, sort_items, with_ids
from app.practices import CURRENT_VERSION
from auth.principal import Principal, Role

DOUBLED_MAX_BYTES = 1_536  # of `TOLD`: they stand in clear and in the payload
TURN = 25  # reports read before other callers get their turn: about 3 ms


@dataclass(frozen=True, slots=True)
class ErrorService:
    """The error reports of one running system."""

    database: Database
    vault: Vault
    keyring: Keyring
    keys: DayKeys
    counter: ReportCounter
    ip_mode: IpMode
    life: timedelta

    async def record(
        self,
        principal: Principal,
        address: str | None,
        reports: Sequence[Item | Malformed],
        now: datetime,
        company_id: str | None = None,
    ) -> IngestResult:
        """Store the good reports once each, stamped with the server's time, from which their 15 days run.

        `company_id` chooses among the companies of the token; of a token of several they are nobody's without it.
        """
        check_batch(reports, "reports")
        sender, principal = principal, _of_company(principal, company_id)
        # Those of all companies of the token: what is reported of one may name another.
        known_ids = await find_known_ids(self.database, self.vault, sender, reports)
        restricted = await self._seal_address(principal, address)
        day = day_of(now)
        key = await self.keys.key_of(day, now)
        stamp = _stamp(principal, now)
        read: dict[ObjectId, Report] = {}

        def to_document(item: Item) -> Document:
            report = read_report(item, now, self.keyring.pseudonym, known_ids)
            report.fields["groupId"] = fingerprint_of(report.fields, report.payload)
            identity = ObjectId()
            read[identity] = report
            payload = seal_payload(key, day, identity.binary, {**report.told, **restricted})
            return {"_id": identity, **report.fields, **stamp, **self._sender_of(principal, item), "payload": payload}

        documents, rejected = await _sort_in_turns(reports, to_document)
        inserted = await insert_batch(self.database, "errors", documents, rejected, doubled_bytes=DOUBLED_MAX_BYTES)
        result = with_ids(inserted, reports, "reportId")
        accepted = [read[document["_id"]] for place, document in documents if place in result.places]
        if accepted:
            person = hide_person(self.keyring, principal.user_id) if principal.user_id is not None else None
            await self.counter.count(Accepted(principal.company_id, person, accepted, now))
        return result

    def _sender_of(self, principal: Principal, item: Item) -> Document:
        """Return what keeps a report's id apart from others' where no person does: a service, a session, a moment."""
        if principal.user_id is not None:
            return {}
        whose = principal.subject or str(item.get("sessionId") or item["occurredAt"].isoformat()).upper()
        return {"sender": self.keyring.pseudonym(f"sender/{whose}/{item['reportId']}")}

    async def _seal_address(self, principal: Principal, address: str | None) -> dict[str, Any]:
        # What a service forwards comes from its own address, which is not the reporter's.
        is_own = not principal.is_anonymous and Role.INGEST not in principal.roles
        kept = keep_address(address, self.ip_mode) if is_own else None
        if kept is None or principal.company_id is None:  # without a company there is no key to seal it under
            return {}
        sealed = await self.vault.seal(principal.company_id, {"ipAddress": kept})
        return {"restricted": {name: bytes(value) for name, value in sealed.items()}}

    async def find(
        self, of: ErrorsOf, wanted: ErrorFilter, page: PageRequest, now: datetime, fields: Document | None = None
    ) -> Page:
        """Return one page of living reports, newest first, opened with their days' keys; `fields` is a projection."""
        query = self._query(of, wanted, now)
        found = await find_page(self.database["errors"], query, page, "receivedAt", projection=fields)
        await open_reports(self.keys, found.nodes, now)
        return found

    async def find_told(
        self, of: ErrorsOf, wanted: ErrorFilter, page: PageRequest, now: datetime, *, received: bool
    ) -> Page:
        """Return one page of what reports tell (`ToldReport`), with their times of receipt if `received`.

        One that does not tell it so is a whole document, as `find` gives it.
        """
        moments = ("receivedAt",) if received else ()
        fields = dict.fromkeys(("payload", *moments), 1)
        query = self._query(of, wanted, now)
        found = await find_page(self.database["errors"], query, page, "receivedAt", projection=fields, moments=moments)
        rows = found.nodes
        keys = self.keys.known(now)
        told: list[Any] = tell_reports(rows, keys)
        if None in told and any(row["payload"][:MARK_BYTES] not in keys for row in rows):  # not at hand yet
            told = tell_reports(rows, await self.keys.keys_for(rows, now))
        if None not in told:
            return replace(found, nodes=told, keys=rows)
        return replace(found, **await self._tell_whole(rows, told, query, now))

    async def _tell_whole(self, rows: list[Document], told: list[Any], query: Document, now: datetime) -> Document:
        """Return nodes and keys of a page of which some reports are told by their documents."""
        untold = [row["_id"] for row, report in zip(rows, told, strict=True) if report is None]
        whole = await find_rows(self.database["errors"], {**query, "_id": {"$in": untold}})
        documents = {document["_id"]: document for document in await open_reports(self.keys, whole, now)}
        nodes = [(report or documents.get(row["_id"]), row) for row, report in zip(rows, told, strict=True)]
        there = [(node, row) for node, row in nodes if node is not None]  # the others went meanwhile
        return {"nodes": [node for node, _ in there], "keys": [row for _, row in there]}

    def _query(self, of: ErrorsOf, wanted: ErrorFilter, now: datetime) -> Document:
        return {**wanted.query(), **of.query(), "receivedAt": {"$gt": now - self.life}}


async def _sort_in_turns(
    reports: Sequence[Item | Malformed], to_document: Callable[[Item], Document]
) -> tuple[list[tuple[int, Document]], list[Rejection]]:
    """Read the reports like `sort_items`, letting other callers have their turn in between."""
    documents: list[tuple[int, Document]] = []
    rejected: list[Rejection] = []
    for start in range(0, len(reports), TURN):
        good, bad = sort_items(reports[start : start + TURN], to_document, "reportId")
        documents += [(start + place, document) for place, document in good]
        rejected += [replace(rejection, index=start + rejection.index) for rejection in bad]
        await asyncio.sleep(0)
    return documents, rejected


def _of_company(principal: Principal, asked: str | None) -> Principal:
    """Return the caller as one of this company alone; raises `FORBIDDEN` for one that is not in the token."""
    if asked is None:
        return principal
    if asked not in principal.company_ids:
        raise forbidden("companyId", "a token issued for that company")
    return replace(principal, company_ids=frozenset({asked}))


def _stamp(principal: Principal, now: datetime) -> Document:
    stamp: Document = {"receivedAt": now, "practicesVersion": CURRENT_VERSION}
    if principal.company_id is not None:
        stamp["companyId"] = principal.company_id
    if principal.user_id is not None:
        stamp["userId"] = principal.user_id
    return stamp
