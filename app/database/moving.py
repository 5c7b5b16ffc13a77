"""Brings what an earlier version kept beside the data to the database of secrets, once.

A backup of the data that held the vault's keys beside the values that they open would keep an erased company readable.
Promises that no key is lost on the way: what the database of secrets does not take stays, and so does the server.
"""

from pymongo.errors import BulkWriteError

from app.database.batches import DUPLICATE_KEY
from app.database.client import Database
from app.errors import unavailable
from app.log import log

MOVED = ("vault_keys",)


async def has_unmoved(database: Database) -> bool:
    """Return whether anything stands where an earlier version kept it."""
    return any([await database[name].find_one({}, {"_id": 1}) for name in MOVED])


async def move_to_secrets(database: Database) -> None:
    """Move the documents and drop the collections; broken off, the next start goes on. Needs the indexes there.

    Raises `UNAVAILABLE` where two keys of one owner meet: of an installation that was made anew before its backup was
    restored, or of a worker of the earlier version that went on. Only an operator can say which one opens what is kept.
    """
    for name in MOVED:
        documents = await database[name].find({}).to_list(None)
        if not documents:
            continue
        try:
            await database.secrets[name].insert_many(documents, ordered=False)
        except BulkWriteError as error:
            details = error.details or {}
            failures = details.get("writeErrors", ())
            if details.get("writeConcernErrors") or any(failure["code"] != DUPLICATE_KEY for failure in failures):
                raise
        wanted = {"_id": {"$in": [document["_id"] for document in documents]}}
        there = [row["_id"] for row in await database.secrets[name].find(wanted, {"_id": 1}).to_list(None)]
        await database[name].delete_many({"_id": {"$in": there}})
        if left := len(documents) - len(there):
            log.error("keys_contradict", collection=name, count=left)
            raise unavailable("Keys of an earlier version contradict those in the database of secrets.")
        await database.raw.drop_collection(name)
