"""What is held, how old it is, and whether MongoDB deletes it in time: read off the same indexes that end its life.

The lag is how long the oldest record of a collection is past its life. MongoDB's TTL monitor runs every minute and may
need longer under load; more than an hour says that something is wrong. Error data past its life is not read anyway.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.database.client import Database
from app.database.indexes import Index, indexes_for, read_life, secret_indexes_for
from app.settings import Settings

LATE_AFTER = timedelta(hours=1)
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "CENSUS": ("census", "census_secrets"),
    "USAGE": ("events", "usage_buckets", "anonymous_usage"),
    "SUPPORT": (
        "users",
        "companies",
        "support_requests",
        "support_lookups",
        "access_receipts",
        "vault_keys",
        "erasures",
    ),
    "ERROR": ("errors", "error_groups", "error_sketches", "error_daily", "day_keys", "day_keys_made"),
}
_CATEGORY_OF = {collection: category for category, names in CATEGORIES.items() for collection in names}


@dataclass(frozen=True, slots=True)
class Holding:
    """What one collection holds; times are of the field that its life runs from, None where nothing ends by itself.

    A life of zero: each record has an end of its own, and no field tells its age, so there are no times either.
    """

    category: str
    collection: str
    records: int
    oldest: datetime | None
    newest: datetime | None
    life: timedelta | None
    next_expiry: datetime | None

    def lag(self, now: datetime) -> timedelta:
        """Return how long the oldest record is past its life."""
        late = now - self.next_expiry if self.next_expiry else timedelta(0)
        return max(late, timedelta(0))


async def read_holdings(database: Database, settings: Settings) -> list[Holding]:
    """Return what each collection holds, by category; costs a few indexed reads for each collection."""
    wanted = [
        *((database, name, indexes) for name, indexes in indexes_for(settings).items() if name in _CATEGORY_OF),
        *((database.secrets, name, indexes) for name, indexes in secret_indexes_for(settings).items()),
    ]
    found = await asyncio.gather(*(_read_holding(*each) for each in wanted))
    order = list(CATEGORIES)
    return sorted(found, key=lambda holding: (order.index(holding.category), holding.collection))


async def _read_holding(database: Database, name: str, indexes: Sequence[Index]) -> Holding:
    records = await database[name].estimated_document_count()
    ending = next((index for index in indexes if index.expire_after_seconds is not None), None)
    if ending is None or ending.expire_after_seconds is None:
        return Holding(_CATEGORY_OF[name], name, records, None, None, None, None)
    ((key, _),) = ending.keys
    # By the database's own index: a command's shell may have other settings. Where it is gone, by what should be.
    life = await read_life(database, name)
    life = timedelta(seconds=ending.expire_after_seconds) if life is None else life
    oldest = await _first(database, name, key, 1)
    if not life:  # the field is the end itself
        return Holding(_CATEGORY_OF[name], name, records, None, None, life, oldest)
    newest = await _first(database, name, key, -1)
    return Holding(_CATEGORY_OF[name], name, records, oldest, newest, life, oldest + life if oldest else None)


async def _first(database: Database, name: str, key: str, direction: int) -> datetime | None:
    query = {key: {"$type": "date"}}
    row = await database[name].find_one(query, {"_id": 0, key: 1}, sort=[(key, direction)])
    return row[key] if row else None


def longest_lag(holdings: Sequence[Holding], now: datetime) -> timedelta:
    """Return the longest lag of all collections."""
    return max((holding.lag(now) for holding in holdings), default=timedelta(0))


class RetentionWatch:
    """Tells the health check of a lag, asking the database once a minute at most, and not before MongoDB had its turn.

    What expired while nothing ran, or was old when it was loaded, is deleted within some rounds of its TTL monitor.
    """

    PAUSE = timedelta(minutes=1)
    FIRST_TURNS = timedelta(minutes=5)

    def __init__(self, database: Database, settings: Settings) -> None:
        """Ask nothing yet."""
        self._database = database
        self._settings = settings
        self._asked_at: datetime | None = None
        self._began_at: datetime | None = None
        self._warnings: list[str] = []

    async def warnings(self, now: datetime) -> list[str]:
        """Return what an operator should look at; empty when records are deleted in time."""
        self._began_at = self._began_at or now
        if timedelta(0) <= now - self._began_at < self.FIRST_TURNS:
            return []
        if self._asked_at is None or not timedelta(0) <= now - self._asked_at < self.PAUSE:
            self._asked_at = now  # before it is known, so that a database in trouble is not asked by each probe
            holdings = await read_holdings(self._database, self._settings)
            self._warnings = [
                f"{holding.collection}: expired records were not deleted for {holding.lag(now).total_seconds():.0f} s"
                for holding in holdings
                if holding.lag(now) > LATE_AFTER
            ]
        return self._warnings
