"""The key of each day: seals what a report tells, and its end makes every copy of it unreadable (P11).

A random 256-bit key per UTC day, wrapped by the keyring and kept in the database of secrets, apart from the data, so
that a backup of the data holds none. MongoDB deletes the key of a day when the last report of that day is past its
life, and no key past it is used here whatever the TTL monitor does. Payloads are AES-256-GCM with a random nonce, bound
to the report's id; the cipher costs about 2 µs a report, which is why this is not the vault's CSFLE.
"""

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from bson import Binary
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.database.client import Database, Document
from app.database.keyring import KEY_BYTES, Keyring
from app.database.vault import SEALED_SUBTYPE

COLLECTION = "day_keys"
MADE = "day_keys_made"  # which days ever had a key; holds no key, so that a destroyed one can be named
DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MARK_BYTES = 3  # of the number of a day since 1970
NONCE_BYTES = 12
HEAD_BYTES = MARK_BYTES + NONCE_BYTES
_decode = msgspec.msgpack.Decoder().decode


def day_of(moment: datetime) -> datetime:
    """Return the beginning of the day of a moment in UTC."""
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


@dataclass(slots=True)
class DayKeys:
    """The keys of the living days."""

    store: Database
    keyring: Keyring
    life: timedelta
    _known: dict[bytes, AESGCM] = field(default_factory=dict, repr=False)  # by mark

    async def key_of(self, day: datetime, now: datetime) -> AESGCM:
        """Return the key under which reports of this day are sealed, made on first use."""
        known, mark = self.known(now), _mark_of(day)
        if mark not in known:
            self._known[mark] = await self._make(day)
        return known[mark]

    def known(self, now: datetime) -> Mapping[bytes, AESGCM]:
        """Return the living keys that are at hand, by mark; those whose end has come are forgotten."""
        ended = _mark_of(now - DAY - self.life)
        for mark in [mark for mark in self._known if mark <= ended]:
            del self._known[mark]
        return self._known

    async def keys_for(self, rows: Iterable[Document], now: datetime) -> Mapping[bytes, AESGCM]:
        """Return the living keys by mark, those of these stored reports among them as far as they still exist."""
        known = self.known(now)
        missing = {row["payload"][:MARK_BYTES] for row in rows if "payload" in row} - known.keys()
        if missing:
            # Any other mark than that of a day whose key may live is a change to the payload, and no day.
            days = [day for day in map(_day_at, missing & self._living_marks(now)) if now < self.destroyed_at(day)]
            found = await self.store[COLLECTION].find({"day": {"$in": days}}).to_list(None)
            self._known.update({_mark_of(row["day"]): self._unwrap(row) for row in found})
        return known

    def _living_marks(self, now: datetime) -> set[bytes]:
        return {_mark_of(now + DAY - number * DAY) for number in range(self.life.days + 4)}

    def destroyed_at(self, day: datetime) -> datetime:
        """Return when the key of a day ends: when the last report of that day is past its life."""
        return day + DAY + self.life

    async def days(self, now: datetime) -> tuple[list[date], list[date]]:
        """Return the days whose key lives and those whose key is destroyed, oldest first."""
        held = {row["day"] for row in await self.store[COLLECTION].find({}, {"day": 1}).to_list(None)}
        living = sorted(day for day in held if now < self.destroyed_at(day))
        made = await self.store[MADE].find({}, {"day": 1}).sort("day", 1).to_list(None)
        return [day.date() for day in living], [row["day"].date() for row in made if row["day"] not in held]

    async def _make(self, day: datetime) -> AESGCM:
        name = day.date().isoformat()
        fresh = {"day": day, "wrapped": Binary(self._wrap(name, secrets.token_bytes(KEY_BYTES)))}
        for _ in range(2):  # the second round reads what another worker made first
            try:
                await self.store[MADE].update_one({"_id": name}, {"$setOnInsert": {"day": day}}, upsert=True)
                stored = await self.store[COLLECTION].find_one_and_update(
                    {"_id": name}, {"$setOnInsert": fresh}, upsert=True, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:
                continue
            return self._unwrap(stored)
        message = "the key of this day could not be made"
        raise RuntimeError(message)

    def _wrap(self, name: str, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.keyring.derive("day-keys")).encrypt(nonce, key, name.encode())

    def _unwrap(self, stored: Document) -> AESGCM:
        wrapped = bytes(stored["wrapped"])
        wrapping = AESGCM(self.keyring.derive("day-keys"))
        return AESGCM(wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], stored["_id"].encode()))


def seal_payload(key: AESGCM, day: datetime, report_id: bytes, payload: Document) -> Binary:
    """Return the sealed payload of the report with this `_id`; in front stands which day's key it is sealed under."""
    nonce = os.urandom(NONCE_BYTES)
    return Binary(_mark_of(day) + nonce + key.encrypt(nonce, msgspec.msgpack.encode(payload), report_id))


def open_payload(key: AESGCM, report_id: bytes, sealed: bytes) -> dict[str, Any]:
    """Return the payload of a stored report; empty if it was tampered with."""
    try:
        opened = key.decrypt(sealed[MARK_BYTES:HEAD_BYTES], sealed[HEAD_BYTES:], report_id)
    except (InvalidTag, ValueError):  # the latter where it is too short to hold a nonce
        return {}
    payload: dict[str, Any] = _decode(opened)
    if "restricted" in payload:  # values of the vault, still sealed under the company's key
        sealed_values = payload["restricted"].items()
        payload["restricted"] = {name: Binary(value, SEALED_SUBTYPE) for name, value in sealed_values}
    return payload


async def open_reports(keys: DayKeys, rows: list[Document], now: datetime) -> list[Document]:
    """Open stored reports where they are, and return them; where the day's key is destroyed, the open fields remain.

    Rows that were read without their payload stay as they are.
    """
    by_mark = await keys.keys_for(rows, now)
    for row in rows:
        sealed = row.pop("payload", None)
        key = by_mark.get(sealed[:MARK_BYTES]) if sealed else None
        if key is not None:
            row.update(open_payload(key, row["_id"].binary, sealed))
    return rows


def _mark_of(day: datetime) -> bytes:
    return (day - EPOCH).days.to_bytes(MARK_BYTES, "big")


def _day_at(mark: bytes) -> datetime:
    return EPOCH + timedelta(days=int.from_bytes(mark, "big"))
