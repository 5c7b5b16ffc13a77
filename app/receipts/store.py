"""Receipts in MongoDB: their `_id` is their place, so MongoDB itself refuses two with the same one.

Each insert continues an end that a majority holds. That makes the order exact with many writers and through elections:
the end cannot be rolled back (no gap), and its successor's place is given once (no fork). What a crash cuts off of a
batch is its tail. Grouping and trying again are told in `writer.py`.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern

from app.database.batches import DUPLICATE_KEY
from app.database.client import Database, Document
from app.database.pages import Page, PageRequest, find_page
from app.receipts.model import EMPTY_CHAIN, SEQUENCE_MAX, ChainEnd, Receipt, end_of, receipt_id

RECEIPTS = "access_receipts"
HEADS = "receipt_heads"
HEAD_ID = "head"


def _places(first: int, last: int) -> Document:
    return {"_id": {"$gte": receipt_id(first), "$lte": receipt_id(last)}}


ALL_PLACES = _places(1, SEQUENCE_MAX)


def _majority(database: Database, name: str) -> Any:  # noqa: ANN401 - two drivers share no base
    return database[name].with_options(read_concern=ReadConcern("majority"))


async def read_outermost(database: Database, direction: Literal[1, -1]) -> Receipt | None:
    """Return the first (1) or the last (-1) receipt that a majority holds."""
    cursor = _majority(database, RECEIPTS).find(ALL_PLACES).sort([("_id", direction)])
    rows: list[Receipt] = await cursor.limit(1).to_list(1)
    return rows[0] if rows else None


async def read_end(database: Database) -> ChainEnd:
    """Return the end of the chain that a majority holds; what the head says, where age has erased all receipts."""
    last = await read_outermost(database, -1)
    return end_of(last) if last else await read_head(database) or EMPTY_CHAIN


async def read_receipt(database: Database, sequence: int) -> Receipt | None:
    """Return the receipt at a place of the chain."""
    found: Receipt | None = await _majority(database, RECEIPTS).find_one({"_id": receipt_id(sequence)})
    return found


async def find_sequence(database: Database, query: Document) -> int | None:
    """Return the place of a receipt that a majority holds; None if the query finds none that is durable."""
    found = await _majority(database, RECEIPTS).find_one(query, {"sequence": 1})
    return None if found is None else int(found["sequence"])


async def insert_receipts(database: Database, receipts: Sequence[Receipt]) -> int:
    """Store receipts in their order; return how many were, fewer than given where another writer took a place."""
    try:
        await database[RECEIPTS].insert_many(receipts, ordered=True)
    except BulkWriteError as error:
        details: Any = error.details or {}
        failures = details.get("writeErrors") or []
        if details.get("writeConcernErrors") or not failures or failures[0]["code"] != DUPLICATE_KEY:
            raise
        return int(failures[0]["index"])
    return len(receipts)


async def save_head(database: Database, end: ChainEnd) -> None:
    """Note how far the chain reaches, so that a cut tail shows; a later note is kept."""
    newer = {"$lt": [{"$ifNull": ["$sequence", 0]}, end.sequence]}
    fields = {"sequence": end.sequence, "hash": end.hash, "at": end.at}
    change = {name: {"$cond": [newer, value, f"${name}"]} for name, value in fields.items()}
    await database[HEADS].update_one({"_id": HEAD_ID}, [{"$set": change}], upsert=True)


async def read_head(database: Database) -> ChainEnd | None:
    """Return how far the chain was noted to reach."""
    head: Document | None = await _majority(database, HEADS).find_one({"_id": HEAD_ID})
    return None if head is None else ChainEnd(head["sequence"], head["hash"], head["at"])


async def stream_receipts(database: Database, first: int, last: int) -> AsyncIterator[Receipt]:
    """Yield the receipts of a range in their order."""
    async for receipt in _majority(database, RECEIPTS).find(_places(first, last)).sort([("_id", 1)]):
        yield receipt


async def find_receipts(
    database: Database, within: Document, page: PageRequest, support_request_id: str | None = None
) -> Page:
    """Return one page of the receipts that lie within what the caller may see, the latest first."""
    query = {**within, **({"supportRequestId": support_request_id} if support_request_id else {})}
    return await find_page(database[RECEIPTS], query, page, direction=-1)
