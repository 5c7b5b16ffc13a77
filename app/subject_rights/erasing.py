"""Erases people and companies: on the list first, then the company's key, then the documents.

The list stands in the database of secrets, apart from the data, so that a restored backup of the data does not bring an
older list with it; `scripts/replay-erasures` goes through it after a restore. Each step may be done again: an erasure
that was broken off goes on when it is asked for again. Only what is older than the erasure goes, so that somebody who
comes back is a new person to a later replay. Receipts stay: they hold generated ids, and answer for what was done.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from app.database.client import Database, Document
from app.database.vault import Vault
from app.error_reports.day_keys import DayKeys
from app.errors import not_found
from app.receipts.model import ReceiptDraft
from app.receipts.writer import ReceiptWriter
from app.subject_rights.finding import find_held_company, find_held_person
from app.subject_rights.holdings import COMPANY_HOLDINGS, PERSON_HOLDINGS, Holding
from app.subject_rights.recounting import Recounting
from app.support.model import Subject
from app.support.subject_access import draft_of
from app.usage.numbering import EVENTS
from auth.principal import Principal

ERASURES = "erasures"
USER, COMPANY = "USER", "COMPANY"
BY_OFFICER = "Erased by the privacy officer."


class Repeater(NamedTuple):
    """Who erases again, and why: as the receipt tells it."""

    actor: str
    reason: str
    destroys_keys: bool = True


AFTER_RESTORE = Repeater("scripts/replay-erasures", "Erased again after a restore.")


@dataclass(frozen=True, slots=True)
class Erasing:
    """The erasing of people and companies."""

    database: Database
    vault: Vault
    receipts: ReceiptWriter
    keys: DayKeys

    async def erase_user(self, principal: Principal, user_id: str, now: datetime) -> Document:
        """Erase a person's documents, and take them out of their company's usage; raises `NOT_FOUND`.

        Of whom nothing is held since their erasure, that is told again: the answer may have been lost.
        """
        subject = await find_held_person(self.database, user_id, now)
        return await self._erase(principal, USER, user_id, subject, now)

    async def erase_company(self, principal: Principal, company_id: str, now: datetime) -> Document:
        """Destroy a company's key, then erase its documents and those of its people, or tell that it was done.

        Raises `NOT_FOUND`.
        """
        subject = await find_held_company(self.database, company_id)
        return await self._erase(principal, COMPANY, company_id, subject, now)

    async def replay(self, erasure: Document, now: datetime, by: Repeater = AFTER_RESTORE) -> Document:
        """Erase again what a restore has brought back, or a call under way has left; receipted where there was any.

        What is younger than the erasure stays, the key too, though the erasure was broken off: whether who has come
        back since then is to go as well is asked with a new erasure, not here.
        """
        done = await self._carry_out(erasure, now, erasure["erasedAt"], destroys_keys=by.destroys_keys)
        if done["keyDestroyed"] or any(done["counts"].values()):
            draft = ReceiptDraft(
                at=now,
                actor=by.actor,
                role="",
                fields=(_coordinate_of(erasure["kind"]),),
                granted=True,
                reason=by.reason,
                subject_id=erasure["subjectId"],
                company_id=erasure["companyId"],
            )
            await self.receipts.append([draft])
        if erasure["completedAt"] is None:
            await self._note(erasure, {**done, "completedAt": now, "keyDestroyed": erasure["kind"] == COMPANY})
        return {**erasure, **done}

    async def _erase(
        self, principal: Principal, kind: str, asked: str, subject: Subject | None, now: datetime
    ) -> Document:
        whose = [asked, subject.person_id] if subject is not None and kind == USER else [asked]
        erasure = await self._unfinished(kind, [each for each in whose if each])
        if erasure is not None:  # what has come since then goes too: it is asked for now
            erasure = {**erasure, "erasedAt": now}
        elif subject is None:
            return await self._completed(kind, asked, now)
        else:
            erasure = await self._list(principal, kind, asked, subject, now)
        done = {**await self._carry_out(erasure, now), "erasedAt": now, "completedAt": now}
        done["keyDestroyed"] |= erasure["kind"] == COMPANY  # if broken off before, it was destroyed then
        await self._note(erasure, done)
        return {**erasure, **done}

    async def _list(self, principal: Principal, kind: str, asked: str, subject: Subject, now: datetime) -> Document:
        """Receipt the erasure and put it on the list; from here on it will be done, however often it takes."""
        draft = draft_of(principal, subject, (_coordinate_of(kind),), BY_OFFICER, now)
        receipt = (await self.receipts.append([draft]))[0]
        erasure: Document = {
            "_id": str(uuid.uuid4()),
            "kind": kind,
            "askedId": asked,  # of one of a person's profiles, perhaps; by it the erasure is asked for again
            "subjectId": subject.person_id,
            "companyId": subject.company_id,
            "erasedAt": now,
            "completedAt": None,
            "receiptSequence": receipt["sequence"],
            "keyDestroyed": False,
            "counts": {},
        }
        await self.database.secrets[ERASURES].insert_one(erasure)
        return erasure

    async def _unfinished(self, kind: str, ids: Sequence[str]) -> Document | None:
        query = {**_of_ids(kind, ids), "completedAt": None}
        found: Document | None = await self.database.secrets[ERASURES].find_one(query)
        return found

    async def _completed(self, kind: str, asked: str, now: datetime) -> Document:
        """Return the last erasure of whom nothing has come back since; raises `NOT_FOUND`."""
        query = {**_of_ids(kind, [asked]), "completedAt": {"$ne": None}}
        erasure: Document | None = await self.database.secrets[ERASURES].find_one(query, sort=[("erasedAt", -1)])
        if erasure is None or (kind == USER and await find_held_person(self.database, erasure["subjectId"], now)):
            raise not_found(kind.lower())
        return erasure

    async def _note(self, erasure: Document, done: Document) -> None:
        await self.database.secrets[ERASURES].update_one({"_id": erasure["_id"]}, {"$set": done})

    async def _carry_out(
        self, erasure: Document, now: datetime, until: datetime | None = None, *, destroys_keys: bool = True
    ) -> Document:
        """Erase all that there is; up to a moment if one is given, by the times of the hosts that wrote it."""
        if erasure["kind"] == USER:
            counts = await self._erase_holdings(PERSON_HOLDINGS, erasure["subjectId"], until)
            return {"keyDestroyed": False, "counts": counts}
        destroyed = destroys_keys and await self.vault.destroy_key(erasure["companyId"], made_before=until)
        left = Recounting(self.database, self.keys, erasure["companyId"], now, until)
        return {"keyDestroyed": destroyed, "counts": await self._erase_company(left)}

    async def _erase_company(self, left: Recounting) -> dict[str, int]:
        reports_are_there = await left.has_all_since("errors")
        goes_by_reports = left.until is not None and reports_are_there
        holdings = [holding for holding in COMPANY_HOLDINGS if not (holding.of_reports and goes_by_reports)]
        counts = dict.fromkeys((holding.collection for holding in COMPANY_HOLDINGS), 0)
        counts |= await self._erase_holdings(holdings, left.company_id, left.until)
        if await left.has_all_since(EVENTS):
            counts["usage_buckets"] += await left.recount_usage(counts)
        for collection, number in (await left.recount_errors() if reports_are_there else {}).items():
            counts[collection] += number
        return counts

    async def _erase_holdings(self, holdings: Sequence[Holding], whose: str, until: datetime | None) -> dict[str, int]:
        counts = dict.fromkeys((holding.collection for holding in holdings), 0)
        for holding in holdings:
            counts[holding.collection] += await self._erase_holding(holding, whose, until)
        return counts

    async def _erase_holding(self, holding: Holding, whose: str, until: datetime | None) -> int:
        query = holding.query(whose)
        if until is not None:
            query = {**query, **holding.up_to(until)}
        collection = self.database[holding.collection]
        if holding.unlink is None:
            return int((await collection.delete_many(query)).deleted_count)
        return int((await collection.update_many(query, holding.unlink(whose))).modified_count)


def _of_ids(kind: str, ids: Sequence[str]) -> Document:
    field = "subjectId" if kind == USER else "companyId"
    return {"kind": kind, "$or": [{field: {"$in": ids}}, {"askedId": {"$in": ids}}]}


def _coordinate_of(kind: str) -> str:
    return "Mutation.eraseUser" if kind == USER else "Mutation.eraseCompany"


async def last_receipt_told(database: Database) -> int:
    """Return the last access receipt that the list of erasures names, 0 where it names none: so far the chain reached.

    An erasure is listed once its receipt is durable, and in another database, so this outlives receipts that somebody
    took out together with their head. Nothing else tells of one: a support request may be taken and closed unused.
    """
    newest = {"sort": [("receiptSequence", -1)]}
    row = await database.secrets[ERASURES].find_one({}, {"receiptSequence": 1}, **newest)
    return row["receiptSequence"] if row else 0


async def read_erasures(database: Database) -> list[Document]:
    """Return the list, oldest first."""
    rows: list[Document] = await database.secrets[ERASURES].find({}).sort([("erasedAt", 1), ("_id", 1)]).to_list(None)
    return rows
