"""The gate of restricted fields: decides, writes the receipts, then opens under an `OpenAccess` that it makes.

The other maker is `subject_access.py`, for a person's own copy.

One `Disclosure` per operation and caller, a new one for each event of a subscription. It decides by what is taken now,
batch by batch, and looks once more before an answer leaves (`ended`): a request may have been closed, by the operation
itself or while it was waiting for other fields. Refusals are receipted for the vendor's staff. Other callers can never
open a field: their refusals leave no receipt, so that nobody outside can flood the chain.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import Binary

from app.database.access import grant_access
from app.database.client import Database
from app.database.vault import Vault
from app.errors import AppError
from app.receipts.model import ReceiptDraft
from app.receipts.writer import ReceiptWriter
from app.support.model import Subject, SupportRequest
from app.support.policy import AccessMode, Allowed, Decision, Denied, acting_role, decide
from app.support.store import TakenReads
from auth.principal import Principal, Role
from auth.rights import Action, Scope, scopes_of

__all__ = ["Disclosure", "Subject", "Wanted"]


FRESH_SECONDS = 0.1  # for so long what was read ahead, while other fields were loading, is what is taken now


@dataclass(frozen=True, slots=True)
class Wanted:
    """One field that an operation selects: whose, its coordinate, and its sealed value if there is one."""

    subject: Subject
    coordinate: str
    sealed: Binary | None


Answer = str | AppError | None


class Disclosure:
    """The restricted fields of one operation, for one caller, at one moment."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        receipts: ReceiptWriter,
        principal: Principal,
        *,
        mode: AccessMode,
        now: datetime,
        taken: TakenReads | None = None,
    ) -> None:
        """Take the parts; nothing is read until a field is wanted."""
        self._taken = taken or TakenReads(database)
        self._vault = vault
        self._receipts = receipts
        self._principal = principal
        self._mode = mode
        self._now = now
        self._lock = asyncio.Lock()  # batches of one operation may overlap
        self._requests: list[SupportRequest] | None = None
        self._read_at = 0.0
        self._notes: dict[tuple[Subject, str], asyncio.Future[Any]] = {}
        self._decisions: dict[Subject, Decision] = {}
        self._receipted: dict[Subject, dict[str, Any]] = {}  # the receipt's sequence by field

    async def decisions(self, subjects: Sequence[Subject]) -> dict[Subject, Decision]:
        """Return what would be decided about each subject, with nothing receipted and nothing opened."""
        requests = await self.taken_requests()
        for subject in subjects:
            if subject not in self._decisions:
                self._decisions[subject] = decide(self._principal, requests, subject, self._now, self._mode)
        return {subject: self._decisions[subject] for subject in subjects}

    async def open(self, wanted: Sequence[Wanted]) -> list[Answer]:
        """Return for each field its value (None where there is none) or its refusal, in order.

        All receipts are durable in one write before the first value is opened; all values open in one batch. Raises
        `UNAVAILABLE` where receipts or keys cannot be reached: then nothing is disclosed.
        """
        if time.monotonic() - self._read_at > FRESH_SECONDS:
            self._forget()
        decisions = await self.decisions([field.subject for field in wanted])
        self._forget()
        async with self._lock:
            await self._write_receipts(wanted, decisions)
        allowed = [field for field in wanted if isinstance(decisions[field.subject], Allowed)]
        values = iter(await self._open_allowed(allowed))
        answers: list[Answer] = []
        for field in wanted:
            decision = decisions[field.subject]
            answers.append(refuse(decision, field.coordinate) if isinstance(decision, Denied) else next(values))
        return answers

    async def note(self, subject: Subject, coordinate: str, decision: Allowed) -> None:
        """Receipt what a taken request opens besides sealed values, usage; durable on return, once an operation.

        Raises `UNAVAILABLE` where the receipt cannot be written.
        """
        key, role = (subject, coordinate), acting_role(self._principal)
        if role is None:
            return
        if key not in self._notes:
            draft = self._draft(role, subject, {coordinate}, decision)
            self._notes[key] = asyncio.ensure_future(self._receipts.append([draft]))
        await asyncio.shield(self._notes[key])

    async def ended(self, subjects: Iterable[Subject]) -> dict[Subject, Denied]:
        """Return which of these subjects, opened before, may not be seen any more, by a new look at what is taken."""
        self._forget()
        decisions = await self.decisions(list(subjects))
        return {subject: decision for subject, decision in decisions.items() if isinstance(decision, Denied)}

    def _forget(self) -> None:
        self._requests = None
        self._decisions = {}

    async def taken_requests(self) -> list[SupportRequest]:
        """Return the requests through which this caller may open anything at this moment."""
        if self._requests is not None:
            return self._requests
        async with self._lock:
            if self._requests is None:
                may = Scope.TAKEN in scopes_of(self._principal, Action.OPEN_RESTRICTED) and self._mode == "request"
                self._read_at = time.monotonic()
                self._requests = await self._taken.of(self._principal.subject, self._now) if may else []
            return self._requests

    async def _write_receipts(self, wanted: Sequence[Wanted], decisions: Mapping[Subject, Decision]) -> None:
        """Receipt what has none yet in this operation: one receipt per subject, all of them in one write."""
        role = acting_role(self._principal)
        if role is None:
            return
        fields: dict[Subject, set[str]] = {}
        for field in wanted:
            if field.coordinate not in self._receipted.get(field.subject, ()):
                fields.setdefault(field.subject, set()).add(field.coordinate)
        drafts = [self._draft(role, subject, fields[subject], decisions[subject]) for subject in fields]
        receipts = await self._receipts.append(drafts)
        for (subject, names), receipt in zip(fields.items(), receipts, strict=True):
            receipted = self._receipted.setdefault(subject, {})
            receipted |= dict.fromkeys(names, receipt["sequence"])

    def _draft(self, role: Role, subject: Subject, fields: set[str], decision: Decision) -> ReceiptDraft:
        return ReceiptDraft(
            at=self._now,
            actor=self._principal.subject,
            role=role.value,
            fields=tuple(sorted(fields)),
            granted=isinstance(decision, Allowed),
            reason=decision.reason,
            subject_id=subject.person_id,
            company_id=subject.company_id,
            support_request_id=decision.request_id if isinstance(decision, Allowed) else None,
        )

    async def _open_allowed(self, allowed: Sequence[Wanted]) -> list[str | None]:
        """Open what is sealed among the allowed fields, under the receipts of exactly these fields."""
        sealed = [field.sealed for field in allowed if field.sealed is not None]
        if not sealed:
            return [None] * len(allowed)
        # KeyError here would mean a field without a receipt: no receipt, no value.
        sequences = {self._receipted[field.subject][field.coordinate] for field in allowed}
        subjects = frozenset(field.subject.person_id or field.subject.company_id or "" for field in allowed)
        access = grant_access(self._principal.subject, subjects, tuple(sorted(sequences)))
        values = iter(await self._vault.open(access, sealed))
        return [None if field.sealed is None else next(values) for field in allowed]


def refuse(decision: Denied, coordinate: str) -> AppError:
    """Return the error of a refused field: code, field, and what would open it."""
    return AppError(decision.code, f"You may not have {coordinate}.", field=coordinate, needs=decision.needs)
