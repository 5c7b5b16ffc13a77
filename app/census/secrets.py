"""The rotating secret that hashes census ids (P3).

One secret a period; the present and the previous one are kept so that records sent late hash alike, older ones are
destroyed. Raw ids are never stored: what is stored is an HMAC-SHA-256, shaped as an upper-case UUID.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.database.client import Database
from app.database.keyring import KEY_BYTES, shape_as_uuid

COLLECTION = "census_secrets"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class CensusHasher:
    """Hashes ids under the secret of the period in which a record was made."""

    database: Database
    rotation: timedelta
    _known: dict[int, bytes] = field(default_factory=dict, repr=False)

    async def secret_at(self, moment: datetime, now: datetime) -> bytes:
        """Return the secret of the period of `moment`, made on first use; forgets those that are past keeping."""
        period = (moment - EPOCH) // self.rotation
        oldest = (now - EPOCH) // self.rotation - 1
        for stale in [known for known in self._known if known < oldest]:
            del self._known[stale]
        if period not in self._known:
            self._known[period] = await self._load(period)
        return self._known[period]

    async def _load(self, period: int) -> bytes:
        fresh = {"secret": secrets.token_bytes(KEY_BYTES), "destroyAt": EPOCH + self.rotation * (period + 2)}
        for _ in range(2):  # the second round reads what another worker made first
            try:
                stored = await self.database[COLLECTION].find_one_and_update(
                    {"_id": period}, {"$setOnInsert": fresh}, upsert=True, return_document=ReturnDocument.AFTER
                )
                return bytes(stored["secret"])
            except DuplicateKeyError:
                continue
        message = "the census secret of this period could not be made"
        raise RuntimeError(message)


def hash_id(secret: bytes, purpose: str, raw: str) -> str:
    """Return the id that is stored in place of `raw`; `purpose` keeps users and sessions apart."""
    return shape_as_uuid(hash_key(secret, purpose, raw))


def hash_key(secret: bytes, purpose: str, raw: str) -> bytes:
    """Return the full digest; case of the raw id does not matter."""
    return hmac.digest(secret, f"{purpose}/{raw.upper()}".encode(), hashlib.sha256)
