"""scripts/seal-existing: seals restricted values that were stored as plain text before sealing existed.

May be stopped and run again at any time: each document is changed in one step, and only if nobody else changed it
meanwhile. What is sealed already is left alone.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator

from bson import Binary
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from app.database.client import Database, Document, connect
from app.database.indexes import prepare_database
from app.database.keyring import load_keyring
from app.database.vault import Vault
from app.profiles.service import CLAIMS_OWNER
from app.settings import Settings
from scripts.commands.exits import Exit
from scripts.commands.storage import add_data_option, existing_database, progress_bar, read_settings

COLLECTIONS = ("users", "companies")
DOCUMENTS_AT_A_TIME = 200
ROUNDS = 5  # a document that somebody changes meanwhile waits for the next round

_PLAIN_TYPES = ["string", "null"]
_ENTRIES = {"$objectToArray": {"$ifNull": ["$restricted", {}]}}
_PLAIN = {"$filter": {"input": _ENTRIES, "cond": {"$in": [{"$type": "$$this.v"}, _PLAIN_TYPES]}}}
HAS_PLAIN: Document = {"$expr": {"$gt": [{"$size": _PLAIN}, 0]}}


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="scripts/seal-existing",
        description="Seal restricted values that still stand as plain text in users and companies.",
        epilog="Give it the server's environment (MONGODB_URI, MASTER_KEY, ...). Exit code 1: some are left.",
    )
    add_data_option(parser)
    options = parser.parse_args()
    with existing_database(read_settings(options.data)) as settings:
        sealed, left = asyncio.run(_seal_all(settings))
    print(f"{sealed} documents sealed, {left} left")
    return Exit.FAILED if left else Exit.OK


async def _seal_all(settings: Settings) -> tuple[int, int]:
    database = connect(settings)
    vault = Vault(database, load_keyring(settings), settings)
    sealed = left = 0
    try:
        await prepare_database(database, settings, lives=False)
        with progress_bar() as progress:
            for collection in COLLECTIONS:
                total = await database[collection].count_documents(HAS_PLAIN)
                task = progress.add_task(collection, total=total)
                for _ in range(ROUNDS):
                    async for count in seal_collection(database, vault, collection):
                        sealed += count
                        progress.advance(task, count)
                    if not (remaining := await database[collection].count_documents(HAS_PLAIN)):
                        break
                left += remaining
    finally:
        await vault.close()
        await database.close()
    return sealed, left


async def seal_collection(database: Database, vault: Vault, collection: str) -> AsyncIterator[int]:
    """Seal what is plain, a batch at a time in the order of ids; yields how many documents each batch changed."""
    last: Document = {}
    while True:
        query = {"$and": [HAS_PLAIN, last]}
        found = database[collection].find(query, {"restricted": 1, "companyId": 1})
        documents = await found.sort("_id", 1).limit(DOCUMENTS_AT_A_TIME).to_list(None)
        if not documents:
            return
        plain = [_plain_values(document) for document in documents]
        owners = [owner_of(collection, document) for document in documents]
        sealed = await vault.seal_many(list(zip(owners, plain, strict=True)))
        changes = [_change(document, values) for document, values in zip(documents, sealed, strict=True)]
        yield await _write(database, collection, changes)
        last = {"_id": {"$gt": documents[-1]["_id"]}}


def owner_of(collection: str, document: Document) -> str:
    """Return whose key seals this document: the company's, or the claims' where there is none."""
    company = document["_id"] if collection == "companies" else document.get("companyId")
    return str(company) if company else CLAIMS_OWNER


def _plain_values(document: Document) -> dict[str, str]:
    return {name: value for name, value in document["restricted"].items() if isinstance(value, str)}


def _change(document: Document, sealed: dict[str, Binary]) -> UpdateOne:
    """Return the change of one document as it was read; a null says nothing and leaves."""
    nulls = [name for name, value in document["restricted"].items() if value is None]
    as_read = {f"restricted.{name}": document["restricted"][name] for name in (*sealed, *nulls)}
    change: Document = {}
    if sealed:
        change["$set"] = {f"restricted.{name}": value for name, value in sealed.items()}
    if nulls:
        change["$unset"] = {f"restricted.{name}": "" for name in nulls}
    return UpdateOne({"_id": document["_id"], **as_read}, change)


async def _write(database: Database, collection: str, changes: list[UpdateOne]) -> int:
    try:
        result = await database[collection].bulk_write(changes, ordered=False)
    except BulkWriteError as error:  # a document that may not be stored for another reason: the others go on
        return int(error.details["nModified"])
    return int(result.modified_count)


if __name__ == "__main__":
    sys.exit(main())
