"""The rotating secret that hashes census ids (P3).

One secret a period, kept apart from the data (in the database of secrets) and wrapped by the keyring. The present and
the previous one are kept, so that records sent late hash alike; older ones are destroyed by MongoDB and never used here
whatever its TTL monitor does. From then on nobody can tell which id a hash was made of, not even with all keys of the
installation in hand. Raw ids are never stored: what is stored is an HMAC-SHA-256, shaped as an upper-case UUID.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bson import Binary
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.database.client import Database
from app.database.keyring import KEY_BYTES, Keyring, shape_as_uuid

COLLECTION = "census_secrets"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NONCE_BYTES = 12
PURPOSE = "census-secrets"


@dataclass(slots=True)
class CensusHasher:
    """Hashes ids under the secret of the period in which a record was made; `store` is the database of secrets."""

    store: Database
    keyring: Keyring
    rotation: timedelta
    _known: dict[int, bytes] = field(default_factory=dict, repr=False)

    async def secret_at(self, moment: datetime, now: datetime) -> bytes:
        """Return the secret of the period of `moment`, made on first use; of the previous one for what is older."""
        present = (now - EPOCH) // self.rotation
        # A client's clock may be ahead by an hour, into the next period: then as well as when it is sent again there.
        period = max((moment - EPOCH) // self.rotation, present - 1)
        for stale in [known for known in self._known if known < present - 1]:
            del self._known[stale]
        if period not in self._known:
            self._known[period] = await self._load(period)
        return self._known[period]

    async def _load(self, period: int) -> bytes:
        for _ in range(2):  # the second round reads what another worker made first
            fresh = {"wrapped": Binary(self._wrap(period)), "destroyAt": EPOCH + self.rotation * (period + 2)}
            try:
                stored = await self.store[COLLECTION].find_one_and_update(
                    {"_id": period}, {"$setOnInsert": fresh}, upsert=True, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:
                continue
            wrapped = bytes(stored["wrapped"])
            wrapping = AESGCM(self.keyring.derive(PURPOSE))
            return wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], str(period).encode())
        message = "the census secret of this period could not be made"
        raise RuntimeError(message)

    def _wrap(self, period: int) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        wrapping = AESGCM(self.keyring.derive(PURPOSE))
        return nonce + wrapping.encrypt(nonce, secrets.token_bytes(KEY_BYTES), str(period).encode())


def hash_id(secret: bytes, purpose: str, raw: str) -> str:
    """Return the id that is stored in place of `raw`; `purpose` keeps users and sessions apart."""
    return shape_as_uuid(hash_key(secret, purpose, raw))


def hash_key(secret: bytes, purpose: str, raw: str) -> bytes:
    """Return the full digest; case of the raw id does not matter."""
    return hmac.digest(secret, f"{purpose}/{raw.upper()}".encode(), hashlib.sha256)
