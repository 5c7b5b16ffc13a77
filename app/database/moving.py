"""Brings what an earlier version kept beside the data to the database of secrets, once.

A backup of the data that held the vault's keys beside the values that they open would keep an erased company readable.
"""

from pymongo.errors import BulkWriteError

from app.database.batches import DUPLICATE_KEY
from app.database.client import Database

MOVED = ("vault_keys",)


async def move_to_secrets(database: Database) -> None:
    """Move the documents and drop the collections; broken off, the next start goes on. Needs the indexes there."""
    for name in MOVED:
        documents = await database[name].find({}).to_list(None)
        if not documents:
            continue
        try:
            await database.secrets[name].insert_many(documents, ordered=False)
        except BulkWriteError as error:
            details = error.details or {}
            if details.get("writeConcernErrors") or any(
                failure["code"] != DUPLICATE_KEY for failure in details["writeErrors"]
            ):
                raise
        await database.raw.drop_collection(name)
