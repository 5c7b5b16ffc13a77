"""Seals restricted values and opens them again, only for an `OpenAccess`.

Promises MongoDB's client-side field level encryption (CSFLE, random algorithm) with one data key per owner, kept in the
database of secrets, so that destroying a key makes its values unreadable everywhere, in backups of the data too; whole
batches in one go; `UNAVAILABLE` where keys cannot be reached, never plaintext. Each batch first asks the key vault
which keys still exist (one indexed read, 0.5 ms), so a key destroyed by any process is gone for all at once, whatever
their caches hold. Who may open is left to `support`.
"""

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from bson import Binary
from bson.binary import UUID_SUBTYPE
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from app.database.access import OpenAccess
from app.database.client import Database
from app.database.keyring import KEY_BYTES, Keyring
from app.database.kms import key_management
from app.database.merging import MergedWork
from app.database.sealer import Plain, make_sealer
from app.errors import AppError, ErrorCode, unavailable
from app.log import log
from app.settings import Settings

KEYS = "vault_keys"
SETTINGS = "vault_settings"
INSTALLATION = "data-practices/installation"  # owns the index key; no company id has this form
INDEX_KEY = "index-key"

SEALED_SUBTYPE = 6
# A sealed value is: 1 byte kind, 16 bytes id of its data key, 1 byte BSON type, ciphertext (MongoDB's CSFLE format).
_KEY_ID = slice(1, 17)
_SEALED_MIN_BYTES = 18
_SEALED_KINDS = (1, 2)
ATTEMPTS = 3  # at making a key that another worker makes at the same moment


class KeyLostError(AppError):
    """The data key under which the index key stands is gone: no waiting helps."""

    def __init__(self) -> None:
        """Say what does."""
        message = "The key of this installation is lost; a copy of the database of secrets must be restored."
        super().__init__(ErrorCode.UNAVAILABLE, message)


class Vault:
    """The one place where restricted values are sealed and opened."""

    def __init__(self, database: Database, keyring: Keyring, settings: Settings) -> None:
        """Take the parts and connect nothing; raises `SettingsError` if the key management is not set up right."""
        self._database = database
        self._keyring = keyring
        self._kms = key_management(settings, keyring)
        timeout_seconds = settings.database_timeout_ms / 1000
        self._openings: MergedWork[Binary, Any] = MergedWork(self._open)
        self._keys = database.secrets[KEYS]
        self._sealer = make_sealer(database.client, f"{database.secrets.name}.{KEYS}", self._kms, timeout_seconds)

    async def prepare(self) -> None:
        """Unlock the keyring's index key, made on the first start; costs nothing when that is done.

        Needs the indexes of `prepare_database`. Raises `UNAVAILABLE` when keys cannot be reached.
        """
        if self._keyring.is_unlocked:
            return
        stored = await self._database[SETTINGS].find_one({"_id": INDEX_KEY})
        if stored is None:
            stored = await self._make_index_key()
        index_key = (await self._open([stored["sealed"]]))[0]
        if not isinstance(index_key, bytes):
            log.error("index_key_lost")
            raise KeyLostError
        self._keyring.unlock(index_key)

    async def seal(self, owner: str, values: Mapping[str, str]) -> dict[str, Binary]:
        """Return the values sealed under the owner's key, made on first use."""
        return (await self.seal_many([(owner, values)]))[0]

    async def seal_many(self, groups: Sequence[tuple[str, Mapping[str, str]]]) -> list[dict[str, Binary]]:
        """Return the values of many owners sealed, each under its owner's key, in one batch."""
        filled = {owner for owner, values in groups if values}
        if INSTALLATION in filled:
            raise ValueError("this owner is the installation's own")
        keys = await self._keys_of(filled)
        sealed = iter(
            await self._sealer.seal([(keys[owner], value) for owner, values in groups for value in values.values()])
            if filled
            else ()
        )
        return [{name: next(sealed) for name in values} for _, values in groups]

    async def open(self, access: OpenAccess, values: Sequence[Binary]) -> list[str | None]:
        """Return what was sealed, in order; None where the key is destroyed or the value damaged."""
        if not isinstance(access, OpenAccess):
            raise TypeError("values open for an OpenAccess only")
        return [value if isinstance(value, str) else None for value in await self._openings.run(values)]

    async def destroy_key(self, owner: str, *, made_before: datetime | None = None) -> bool:
        """Destroy the owner's key for good and return whether there was one (made not after a moment, if one is given).

        Durable on return; from then on no process opens the owner's values. Values sealed later get a new key.
        """
        if owner == INSTALLATION:
            raise ValueError("without this key no look-up and no id would be found again")
        old = {"creationDate": {"$lte": made_before}} if made_before else {}
        result = await self._keys.delete_many({"keyAltNames": owner, **old})
        self._sealer.forget()
        return bool(result.deleted_count)

    def blind_index(self, *parts: str) -> bytes:
        """Return the keyed hash that stands for exactly these parts; case and outer blanks do not matter.

        Raises `UNAVAILABLE` before `prepare` has succeeded.
        """
        digest = hmac.new(self._keyring.derive("blind-index"), digestmod=hashlib.sha256)
        for part in parts:
            text = unicodedata.normalize("NFC", part.strip().casefold()).encode()
            digest.update(len(text).to_bytes(4, "big") + text)
        return digest.digest()

    async def stale_keys(self) -> list[Binary]:
        """Return the ids of the data keys that are to be rewrapped by the present master key."""
        found = await self._keys.find(self._kms.stale, {"_id": 1}).sort("_id", 1).to_list(None)
        return [key["_id"] for key in found]

    async def rewrap(self, keys: Sequence[Binary]) -> None:
        """Wrap these data keys by the present master key; values and indexes stay as they are."""
        await self._sealer.rewrap({"_id": {"$in": list(keys)}})

    async def close(self) -> None:
        """Release threads and key memory."""
        await self._sealer.close()

    async def _make_index_key(self) -> dict[str, Any]:
        key = (await self._keys_of({INSTALLATION}))[INSTALLATION]
        fresh: tuple[Binary, Plain] = (key, secrets.token_bytes(KEY_BYTES))
        document = {"_id": INDEX_KEY, "sealed": (await self._sealer.seal([fresh]))[0]}
        with suppress(DuplicateKeyError):  # another worker was first: then its key is the one
            await self._database[SETTINGS].insert_one(document)
        stored: dict[str, Any] = await self._database[SETTINGS].find_one({"_id": INDEX_KEY})
        return stored

    async def _keys_of(self, owners: set[str]) -> dict[str, Binary]:
        """Return the owners' key ids, asked each time: a destroyed key must not seal anything more."""
        keys: dict[str, Binary] = {}
        # As libmongocrypt reads them: a key that another worker is still committing would not be there for it.
        committed = self._keys.with_options(read_concern=ReadConcern("majority"))
        for _ in range(ATTEMPTS):
            missing = sorted(owners - keys.keys())
            if not missing:
                break
            for found in await committed.find({"keyAltNames": {"$in": missing}}).to_list(None):
                keys.update(dict.fromkeys(found["keyAltNames"], found["_id"]))
            for owner in owners - keys.keys():
                try:
                    await self._sealer.create_key(owner)
                except DuplicateKeyError:
                    continue  # another worker was first: the next round finds its key
        if owners - keys.keys():
            raise unavailable("The key is being made and destroyed at the same time. Try again shortly.")
        return keys

    async def _open(self, values: Sequence[Binary]) -> list[Any]:
        """Open each different value once: the people of a company repeat what is sealed of it."""
        sealed = {bytes(value): value for value in values if is_sealed(value)}
        if strange := sum(not is_sealed(value) for value in values):
            log.error("value_not_sealed", count=strange)
        keys = {raw: raw[_KEY_ID] for raw in sealed}
        existing = await self._existing(set(keys.values())) if keys else set()
        living = [raw for raw in sealed if keys[raw] in existing]
        opened = await self._sealer.open([sealed[raw] for raw in living]) if living else ()
        found = dict(zip(living, opened, strict=True))
        return [found.get(bytes(value)) if is_sealed(value) else None for value in values]

    async def _existing(self, keys: set[bytes]) -> set[bytes]:
        wanted = [Binary(key, UUID_SUBTYPE) for key in keys]
        found = await self._keys.find({"_id": {"$in": wanted}}, {"_id": 1}).to_list(None)
        return {bytes(key["_id"]) for key in found}


def is_sealed(value: object) -> bool:
    """Return whether a stored value has the form that the vault gives."""
    return (
        isinstance(value, Binary)
        and value.subtype == SEALED_SUBTYPE
        and len(value) > _SEALED_MIN_BYTES
        and value[0] in _SEALED_KINDS
    )
