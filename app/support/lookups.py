"""Limits guesses: an agent whose look-ups by UPN missed 10 times within an hour waits.

A look-up is counted before it is made and given back when it finds somebody, so that many at once cannot slip through.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.database.client import Database
from app.errors import AppError, ErrorCode

LOOKUPS = "support_lookups"
MISSES_MAX = 10
WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Lookup:
    """One look-up that counts as a miss until it is given back."""

    agent: str
    id: ObjectId


async def begin_lookup(database: Database, agent: str, now: datetime) -> Lookup:
    """Count a look-up by this agent; raises `RATE_LIMITED` with the seconds to wait after too many misses."""
    lookup = Lookup(agent, ObjectId())
    document = await _count(database, lookup, now)
    if any(miss["id"] == lookup.id for miss in document["misses"]):
        return lookup
    free_at = min(miss["at"] for miss in document["misses"]) + WINDOW
    raise AppError(
        ErrorCode.RATE_LIMITED,
        f"Too many look-ups found nobody; at most {MISSES_MAX} an hour may.",
        field="subject.upn",
        needs="a pause, or the person's user id instead of the UPN",
        retryAfterSeconds=max(1, round((free_at - now).total_seconds())),
    )


async def give_back(database: Database, lookup: Lookup) -> None:
    """Uncount a look-up that found somebody."""
    await database[LOOKUPS].update_one({"_id": lookup.agent}, {"$pull": {"misses": {"id": lookup.id}}})


async def _count(database: Database, lookup: Lookup, now: datetime) -> dict[str, Any]:
    recent = {
        "$filter": {"input": {"$ifNull": ["$misses", []]}, "cond": {"$gt": ["$$this.at", now - WINDOW]}},
    }
    one_more = {"$concatArrays": ["$misses", [{"id": lookup.id, "at": now}]]}
    change = [
        {"$set": {"misses": recent, "expiresAt": now + WINDOW}},
        {"$set": {"misses": {"$cond": [{"$lt": [{"$size": "$misses"}, MISSES_MAX]}, one_more, "$misses"]}}},
    ]
    for _ in range(2):
        try:
            counted: dict[str, Any] = await database[LOOKUPS].find_one_and_update(
                {"_id": lookup.agent}, change, upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:
            continue  # the agent's first two look-ups came at the same moment
        return counted
    raise AppError(ErrorCode.UNAVAILABLE, "The look-up cannot be counted. Try again shortly.")
