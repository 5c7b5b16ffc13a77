"""Leases: a job that one process at a time does, whichever that is.

Each taking gives a higher turn number. What is written with its turn, and only over lower turns, stays right even if a
process that slept through the end of its lease writes late. Times are the database server's, so clocks may differ.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.database.client import Database

LEASES = "leases"


async def take_lease(database: Database, job: str, holder: str, life: timedelta) -> int | None:
    """Return the turn if `holder` has the job now, or None while another has it. Taking it again prolongs it."""
    free = {"$or": [{"holder": holder}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]}
    change = {
        "holder": {"$literal": holder},
        "turn": {"$add": [{"$ifNull": ["$turn", 0]}, 1]},
        "until": {"$add": ["$$NOW", int(life.total_seconds() * 1000)]},
    }
    leases = database[LEASES]
    for _ in range(2):  # the second round takes the job that the first has made known
        lease = await leases.find_one_and_update(
            {"_id": job, **free}, [{"$set": change}], return_document=ReturnDocument.AFTER
        )
        if lease is not None:
            return int(lease["turn"])
        never_held = {"holder": "", "turn": 0, "until": datetime.fromtimestamp(0, UTC)}
        with suppress(DuplicateKeyError):
            await leases.update_one({"_id": job}, {"$setOnInsert": never_held}, upsert=True)
    return None
