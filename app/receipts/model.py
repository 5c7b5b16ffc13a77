"""What a receipt is, and how each one is tied to the one before (design section 6, 4). Pure.

A receipt's hash covers every field in canonical JSON, the previous hash and time among them; times never run backwards
along the chain. So a change, a gap or a swap shows, and a beginning that is gone shows whether it may be gone by age.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import NoneType
from typing import Any

import orjson
from bson import Int64

from app.clock import to_milliseconds

Receipt = dict[str, Any]

_TEXT, _MAYBE_TEXT = (str,), (str, NoneType)
HASHED_FIELDS: dict[str, tuple[type, ...]] = {
    "sequence": (int, Int64),
    "at": (datetime,),
    "actor": _TEXT,
    "role": _TEXT,
    "supportRequestId": _MAYBE_TEXT,
    "subjectId": _MAYBE_TEXT,
    "companyId": _MAYBE_TEXT,
    "fields": (list,),
    "granted": (bool,),
    "reason": _TEXT,
    "previousAt": (datetime, NoneType),
    "previousHash": _TEXT,
}
STORED_FIELDS = frozenset({"_id", "hash", *HASHED_FIELDS})
SEQUENCE_DIGITS = 15
SEQUENCE_MAX = 10**SEQUENCE_DIGITS - 1


@dataclass(frozen=True, slots=True)
class ReceiptDraft:
    """What happened, before it has its place in the chain; `subject_id` is a person, absent for a company."""

    at: datetime
    actor: str
    role: str
    fields: tuple[str, ...]
    granted: bool
    reason: str
    subject_id: str | None = None
    company_id: str | None = None
    support_request_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The last receipt so far, as much of it as the next one needs."""

    sequence: int
    hash: str
    at: datetime | None


EMPTY_CHAIN = ChainEnd(0, "0" * 64, None)


def receipt_id(sequence: int) -> str:
    """Return the `_id` of a receipt: its sequence in digits that sort as text, so that `_id` itself is the order."""
    return f"{sequence:0{SEQUENCE_DIGITS}d}"


def chain_receipts(drafts: Iterable[ReceiptDraft], end: ChainEnd) -> list[Receipt]:
    """Return the drafts as the receipts that follow `end`, ready to store."""
    receipts: list[Receipt] = []
    for draft in drafts:
        receipt = _to_receipt(draft, end)
        receipts.append(receipt)
        end = end_of(receipt)
    return receipts


def end_of(receipt: Receipt) -> ChainEnd:
    """Return what the receipt after this one needs of it."""
    return ChainEnd(receipt["sequence"], receipt["hash"], receipt["at"])


def _to_receipt(draft: ReceiptDraft, end: ChainEnd) -> Receipt:
    at = to_milliseconds(draft.at)
    receipt: Receipt = {
        "_id": receipt_id(end.sequence + 1),
        "sequence": end.sequence + 1,
        "at": at if end.at is None else max(at, end.at),
        "actor": draft.actor,
        "role": draft.role,
        "supportRequestId": draft.support_request_id,
        "subjectId": draft.subject_id,
        "companyId": draft.company_id,
        "fields": sorted(set(draft.fields)),
        "granted": draft.granted,
        "reason": draft.reason,
        "previousAt": end.at,
        "previousHash": end.hash,
    }
    receipt["hash"] = compute_hash(receipt)
    return receipt


def compute_hash(receipt: Receipt) -> str:
    """Return the SHA-256 (hex) of a receipt's fields in canonical JSON: sorted keys, no spaces, UTC milliseconds."""
    body = {name: receipt[name] for name in HASHED_FIELDS}
    for name in ("at", "previousAt"):
        if body[name] is not None:
            body[name] = body[name].astimezone(UTC).isoformat(timespec="milliseconds")
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def is_intact(receipt: Receipt) -> bool:
    """Return whether a stored receipt has exactly the fields and types of one, its place and its hash."""
    return (
        receipt.keys() == STORED_FIELDS
        and all(type(receipt[name]) in types for name, types in HASHED_FIELDS.items())
        and all(type(name) is str for name in receipt["fields"])
        and receipt["_id"] == receipt_id(receipt["sequence"])
        and receipt["hash"] == compute_hash(receipt)
    )
