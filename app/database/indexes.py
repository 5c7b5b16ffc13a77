"""All indexes and lives of stored data, in one place (design section 4).

`prepare_database` makes collections, validators and indexes at start and may run again at any time, by several workers
at once: what exists and fits is left alone, a changed life is set with `collMod`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pymongo import IndexModel
from pymongo.errors import CollectionInvalid, OperationFailure

from app.database.client import Database, Document
from app.database.moving import move_to_secrets
from app.database.validators import VALIDATORS
from app.settings import DAY_SECONDS, Settings

Keys = Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Index:
    """One index: its keys, and what is particular about it."""

    keys: Keys
    unique: bool = False
    expire_after_seconds: int | None = None
    partial: dict[str, Any] | None = field(default=None, hash=False)

    @property
    def name(self) -> str:
        """The name that MongoDB itself would give."""
        return "_".join(f"{key}_{direction}" for key, direction in self.keys)

    @property
    def options(self) -> dict[str, Any]:
        """The options for `create_index`."""
        options: dict[str, Any] = {"name": self.name}
        if self.unique:
            options["unique"] = True
        if self.expire_after_seconds is not None:
            options["expireAfterSeconds"] = self.expire_after_seconds
        if self.partial is not None:
            options["partialFilterExpression"] = self.partial
        return options


def indexes_for(settings: Settings) -> dict[str, tuple[Index, ...]]:
    """Return the indexes of each collection under the lives that the settings name."""
    return {
        "census": (
            Index((("receivedAt", 1),), expire_after_seconds=_seconds(settings.census_retention_days)),
            Index((("recordKey", 1),), unique=True),
        ),
        "users": (
            Index(
                (("blindIndex", 1), ("kind", 1), ("verified", 1)),
                unique=True,
                partial={"blindIndex": {"$exists": True}},
            ),
            Index((("companyId", 1), ("_id", 1))),
            Index((("kind", 1), ("_id", 1))),
            Index((("personId", 1), ("kind", 1)), partial={"personId": {"$exists": True}}),
            Index((("expiresAt", 1),), expire_after_seconds=0),
        ),
        "companies": (Index((("tenantIndex", 1),), partial={"tenantIndex": {"$exists": True}}),),
        "vault_settings": (),
        **_usage_indexes(_seconds(settings.usage_retention_days), _seconds(DASHBOARD_DAYS)),
        **_support_indexes(_seconds(settings.support_retention_days)),
        **_error_indexes(_seconds(settings.error_retention_days), _seconds(DASHBOARD_DAYS)),
    }


def secret_indexes_for(settings: Settings) -> dict[str, tuple[Index, ...]]:
    """Return the indexes of the database of keys; the rotating ones MongoDB itself deletes when their time is over."""
    day_key_life_seconds = _seconds(settings.error_retention_days + 1)  # counted from the beginning of the day
    return {
        # Apart from the values: a backup of the data must not open what was erased since.
        "vault_keys": (Index((("keyAltNames", 1),), unique=True, partial={"keyAltNames": {"$exists": True}}),),
        "census_secrets": (Index((("destroyAt", 1),), expire_after_seconds=0),),
        "day_keys": (Index((("day", 1),), expire_after_seconds=day_key_life_seconds),),
        # Apart from the data: a restored backup must not bring an older list with it.
        "erasures": (
            Index((("erasedAt", 1),), expire_after_seconds=_seconds(settings.support_retention_days)),
            Index((("subjectId", 1), ("completedAt", 1))),
            Index((("companyId", 1), ("completedAt", 1))),
        ),
        "day_keys_made": (Index((("day", 1),), expire_after_seconds=_seconds(DASHBOARD_DAYS)),),
    }


DASHBOARD_DAYS = 762  # 25 months, of which two may hold a leap day


def _usage_indexes(event_life_seconds: int, bucket_life_seconds: int) -> dict[str, tuple[Index, ...]]:
    newest = (("occurredAt", -1), ("_id", -1))
    return {
        # Unique by (company, event), since that is what their `_id` is made of: an index less to keep at ingest.
        "events": (
            Index((("companyId", 1), *newest)),
            Index((("userId", 1), *newest), partial={"userId": {"$exists": True}}),
            Index(
                (("companyId", 1), ("requestKey", 1), ("ordinal", 1)),
                unique=True,
                partial={"ordinal": {"$exists": True}},
            ),
            Index((("receivedAt", 1),), expire_after_seconds=event_life_seconds),
        ),
        "usage_buckets": (
            Index((("companyId", 1), ("kind", 1), ("day", 1), ("templateId", 1), ("writer", 1)), unique=True),
            Index((("kind", 1), ("day", 1))),
            Index((("day", 1),), expire_after_seconds=bucket_life_seconds),
        ),
        "usage_marks": (),
        "anonymous_usage": (Index((("start", 1),), expire_after_seconds=bucket_life_seconds),),
        "leases": (),
    }


def _support_indexes(life_seconds: int) -> dict[str, tuple[Index, ...]]:
    newest_request = (("openedAt", -1), ("_id", -1))
    newest_receipt = (("_id", -1),)  # a receipt's `_id` is its place in the chain: unique, and in order
    return {
        "support_requests": (
            Index((("openedAt", 1),), expire_after_seconds=life_seconds),
            Index(newest_request),
            Index((("companyId", 1), *newest_request)),
            Index((("subjectId", 1), *newest_request)),
            Index((("takenBy", 1), ("accessEndsAt", 1))),
            Index((("openerId", 1), ("expiresAt", 1))),
            Index((("openerPersonId", 1),), partial={"openerPersonId": {"$exists": True}}),
        ),
        "support_lookups": (Index((("expiresAt", 1),), expire_after_seconds=0),),
        "access_receipts": (
            Index((("at", 1),), expire_after_seconds=life_seconds),
            Index((("subjectId", 1), *newest_receipt)),
            Index((("companyId", 1), *newest_receipt)),
            Index((("actor", 1), *newest_receipt)),
            Index((("supportRequestId", 1), *newest_receipt)),
        ),
        "receipt_heads": (),
    }


def _error_indexes(life_seconds: int, count_life_seconds: int) -> dict[str, tuple[Index, ...]]:
    newest = (("receivedAt", -1), ("_id", -1))
    newest_group = (("firstSeenAt", -1), ("_id", -1))
    return {
        "errors": (
            Index((("receivedAt", 1),), expire_after_seconds=life_seconds),
            Index(newest),
            Index((("companyId", 1), *newest)),
            Index((("userId", 1), *newest)),
            Index((("groupId", 1), *newest)),
            Index((("companyId", 1), ("userId", 1), ("sender", 1), ("reportId", 1)), unique=True),
        ),
        "error_groups": (
            Index((("lastSeenAt", 1),), expire_after_seconds=life_seconds),
            Index((("owner", 1), *newest_group)),
        ),
        "error_sketches": (
            Index((("day", 1),), expire_after_seconds=life_seconds),
            Index((("owner", 1), ("measure", 1), ("day", 1))),
        ),
        "error_daily": (
            Index((("day", 1),), expire_after_seconds=count_life_seconds),
            Index((("owner", 1), ("day", 1))),
        ),
    }


def _seconds(days: float) -> int:
    return round(days * DAY_SECONDS)


async def read_life(database: Database, collection: str) -> timedelta | None:
    """Return how long MongoDB keeps a collection's documents, by its own index; None where none ends their life.

    What the settings of this process say is another matter: a server with other ones may have prepared the database.
    """
    indexes = (await database.index_information(collection)).values()
    lives = [index["expireAfterSeconds"] for index in indexes if "expireAfterSeconds" in index]
    return timedelta(seconds=min(lives)) if lives else None


async def prepare_database(database: Database, settings: Settings, *, lives: bool = True) -> None:
    """Make or mend collections, validators and indexes; safe to run again and by several workers at once.

    Without `lives` those of indexes that are there stay as they are: a command's shell need not know the servers'.
    """
    await _prepare_collections(database.secrets, secret_indexes_for(settings), lives=lives)
    await _prepare_collections(database, indexes_for(settings), lives=lives)
    await move_to_secrets(database)
    for name in RETIRED_COLLECTIONS:
        await database.raw.drop_collection(name)


async def _prepare_collections(database: Database, wanted: Mapping[str, tuple[Index, ...]], *, lives: bool) -> None:
    existing = {found["name"]: found async for found in await database.raw.list_collections()}
    await asyncio.gather(
        *(
            _prepare_collection(database, name, indexes, existing.get(name), lives=lives)
            for name, indexes in wanted.items()
        )
    )


async def _prepare_collection(
    database: Database, name: str, indexes: Sequence[Index], existing: Document | None, *, lives: bool
) -> None:
    validator = {"validator": VALIDATORS[name]} if name in VALIDATORS else {}
    made = existing is None and await _create_collection(database, name, validator)
    if not made and validator and (existing or {}).get("options", {}).get("validator") != VALIDATORS[name]:
        await database.raw.command("collMod", name, **validator, validationLevel="strict")
    present = {} if made else await database.index_information(name)
    missing = [IndexModel(list(index.keys), **index.options) for index in indexes if index.name not in present]
    if missing:
        await database[name].create_indexes(missing)
    for retired in RETIRED_INDEXES.get(name, ()):
        if retired in present:
            await _drop_index(database, name, retired)
    for index in indexes if lives else ():
        life = index.expire_after_seconds
        if index.name in present and life is not None and present[index.name].get("expireAfterSeconds") != life:
            change = {"name": index.name, "expireAfterSeconds": life}
            await database.raw.command("collMod", name, index=change)


async def _drop_index(database: Database, collection: str, index: str) -> None:
    try:
        await database[collection].drop_index(index)
    except OperationFailure as error:
        if error.code != INDEX_NOT_FOUND:  # another worker was first
            raise


async def _create_collection(database: Database, collection: str, options: Document) -> bool:
    """Make a collection; False when another worker was first."""
    try:
        await database.raw.create_collection(collection, check_exists=False, **options)
    except (CollectionInvalid, OperationFailure) as error:
        if isinstance(error, OperationFailure) and error.code != NAMESPACE_EXISTS:
            raise
        return False
    return True


NAMESPACE_EXISTS = 48
INDEX_NOT_FOUND = 27

# What earlier versions kept and nothing reads any more; it would go on telling of people who are erased since.
RETIRED_COLLECTIONS = ("requests",)
RETIRED_INDEXES = {"events": ("companyId_1_requestId_1",)}
