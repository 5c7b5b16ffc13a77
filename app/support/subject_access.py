"""Opens restricted values so that a person gets what is held about them; the other maker of an `OpenAccess`.

Promises a durable receipt before the first value opens, as for an agent. A person's own copies share one receipt a day,
so that nobody outside of the vendor's staff can flood the chain. Who may ask, and for whom, is left to the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bson import Binary

from app.database.access import grant_access
from app.database.client import Database
from app.database.vault import Vault
from app.receipts.model import ReceiptDraft
from app.receipts.store import find_sequence
from app.receipts.writer import ReceiptWriter
from app.support.model import Subject
from auth.principal import Principal, Role

OWN_COPY = "The person asked for a copy of their own data."
COPY_FOR_PERSON = "Copy of a person's data, made by the privacy officer."
OWN_COPIES = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SubjectAccess:
    """The opening of a person's own values."""

    database: Database
    vault: Vault
    receipts: ReceiptWriter

    async def open_own(
        self, principal: Principal, subject: Subject, fields: Sequence[str], sealed: Sequence[Binary], now: datetime
    ) -> list[str | None]:
        """Return the caller's own values; `fields` are the coordinates of all that is opened."""
        await self.receipts.clock_watch.check()  # which receipt is of today is told by the clock
        draft = draft_of(principal, subject, fields, OWN_COPY, now)
        return await self._open(draft, await self._receipt_of_today(draft), sealed)

    async def open_for_person(
        self, principal: Principal, subject: Subject, fields: Sequence[str], sealed: Sequence[Binary], now: datetime
    ) -> list[str | None]:
        """Return a person's values to the officer who answers for them; receipted though nothing be sealed."""
        return await self._open(draft_of(principal, subject, fields, COPY_FOR_PERSON, now), None, sealed)

    async def _open(self, draft: ReceiptDraft, known: int | None, sealed: Sequence[Binary]) -> list[str | None]:
        sequence = known or (await self.receipts.append([draft]))[0]["sequence"]
        access = grant_access(draft.actor, frozenset({draft.subject_id or draft.company_id or ""}), (sequence,))
        return await self.vault.open(access, sealed) if sealed else []

    async def _receipt_of_today(self, draft: ReceiptDraft) -> int | None:
        """Return the sequence of a durable receipt that says the same, not older than a day."""
        same = {"actor": draft.actor, "subjectId": draft.subject_id, "companyId": draft.company_id}
        told = {"reason": draft.reason, "fields": sorted(set(draft.fields)), "at": {"$gt": draft.at - OWN_COPIES}}
        return await find_sequence(self.database, {**same, **told})


def draft_of(principal: Principal, subject: Subject, fields: Sequence[str], reason: str, now: datetime) -> ReceiptDraft:
    """Return the receipt of an act for or upon a person or company."""
    role = max(principal.roles, key=list(Role).index, default=None)
    return ReceiptDraft(
        at=now,
        actor=principal.subject,
        role=role.value if role else "",
        fields=tuple(sorted(set(fields))),
        granted=True,
        reason=reason,
        subject_id=subject.person_id,
        company_id=subject.company_id,
    )
