"""Watchers hear of changes for as long as they wait, whatever becomes of the one change stream behind them."""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing

from app.database.changes import REOPENED, Changes
from app.database.client import Document
from app.database.embedded import EmbeddedMongod
from tests.harness.databases import fresh_database


def read(change: Document) -> Iterable[tuple[str, str]]:
    """Return whose lease changed; raises `KeyError` for one that is nobody's."""
    return [("all", change["fullDocument"]["holder"])]


async def test_a_change_that_cannot_be_read_ends_no_watching(mongod: EmbeddedMongod) -> None:
    """The stream is opened anew after the pause; watchers are told so, and of what changes then."""
    async with fresh_database(mongod.uri) as database, asyncio.timeout(20):
        changes = Changes(database, "leases", [], read, pause_seconds=0)
        async with aclosing(changes.changes(["all"])) as told:
            assert await anext(told) == frozenset()
            await database["leases"].insert_one({"_id": "nobody's"})
            assert await anext(told) == {REOPENED}
            await database["leases"].insert_one({"_id": "somebody's", "holder": "a worker"})
            assert await anext(told) == {"a worker"}
