"""Records census batches: checked, hashed, stored with nothing of the caller (P1-P3)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bson import Binary, ObjectId

from app.census.model import read_record, whole_day, whole_hour
from app.census.secrets import CensusHasher, hash_id, hash_key
from app.database.batches import insert_batch
from app.database.client import Database
from app.ingest import IngestResult, Item, Malformed, check_batch, sort_items, with_ids
from app.practices import CURRENT_VERSION


async def record_census(
    database: Database, hasher: CensusHasher, records: Sequence[Item | Malformed], now: datetime
) -> IngestResult:
    """Store the good records; no caller is passed in, so none can be stored with them."""
    check_batch(records, "records")
    read, rejected = sort_items(records, lambda item: read_record(item, now), "recordId")
    documents = [(index, await _to_document(hasher, record, now)) for index, record in read]
    return with_ids(await insert_batch(database, "census", documents, rejected), records, "recordId")


async def _to_document(hasher: CensusHasher, record: dict[str, Any], now: datetime) -> dict[str, Any]:
    secret = await hasher.secret_at(record["recordedAt"], now)
    key = hash_key(secret, "record", f"{record['userId']}/{record.pop('recordId')}")  # ids are each user's own
    return {
        # A random id: an ordinary ObjectId would tell the process and the second of arrival.
        "_id": ObjectId(key[16:28]),
        "recordKey": Binary(key[:16]),
        **record,
        "userId": hash_id(secret, "user", record["userId"]),
        "sessionId": hash_id(secret, "session", record["sessionId"]),
        "recordedAt": whole_day(record["recordedAt"]),
        "receivedAt": whole_hour(now),
        "practicesVersion": CURRENT_VERSION,
    }
