"""Writes a batch once: what is new is stored, what is there already is counted, and nothing else is lost.

Used for census records and error reports. The unique index of each collection decides what a duplicate is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bson import encode
from pymongo.errors import BulkWriteError

from app.database.client import Database
from app.errors import ErrorCode
from app.ingest import ITEM_MAX_BYTES, IngestResult, Rejection

DUPLICATE_KEY = 11000
DOCUMENT_INVALID = 121


async def insert_batch(
    database: Database,
    collection: str,
    documents: Sequence[tuple[int, dict[str, Any]]],
    rejected: list[Rejection],
    *,
    doubled_bytes: int = 0,
) -> IngestResult:
    """Insert the documents, each with its place in the batch; durable on return. Adds to `rejected`.

    `doubled_bytes` are those of a document at most that its item told once.
    """
    longest = ITEM_MAX_BYTES + doubled_bytes
    kept = [(index, document) for index, document in documents if not _is_too_large(index, document, rejected, longest)]
    result = IngestResult(accepted=len(kept), rejected=rejected)
    if kept:
        try:
            await database[collection].insert_many([document for _, document in kept], ordered=False)
        except BulkWriteError as error:
            _count_failures(error, [index for index, _ in kept], result)
        else:
            result.places = frozenset(index for index, _ in kept)
    rejected.sort(key=lambda rejection: rejection.index)
    return result


def _is_too_large(index: int, document: dict[str, Any], rejected: list[Rejection], longest: int) -> bool:
    if len(encode(document)) <= longest:
        return False
    message = f"The item is larger than {ITEM_MAX_BYTES} bytes."
    rejected.append(Rejection(index, ErrorCode.PAYLOAD_TOO_LARGE, message))
    return True


def _count_failures(error: BulkWriteError, places: Sequence[int], result: IngestResult) -> None:
    details: Mapping[str, Any] = error.details or {}
    if details.get("writeConcernErrors"):
        raise error  # not known to be durable: the client sends again
    failed = {places[failure["index"]] for failure in details.get("writeErrors", ())}
    result.places = frozenset(places) - failed
    for failure in details.get("writeErrors", ()):
        result.accepted -= 1
        if failure["code"] == DUPLICATE_KEY:
            result.duplicates += 1
        elif failure["code"] == DOCUMENT_INVALID:
            message = "The item is not of a shape that may be stored."
            result.rejected.append(Rejection(places[failure["index"]], ErrorCode.BAD_USER_INPUT, message))
        else:
            raise error
