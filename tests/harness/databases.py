"""Databases for tests: each test has one to itself, prepared and empty.

Making and dropping the collections and indexes of one takes 0.4 s, more than most tests; so a database that is done with
is emptied and serves again. One whose collections a test has changed is dropped.
"""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.database.client import Database, connect
from app.database.indexes import prepare_database
from app.settings import Settings

Shape = list[dict[str, Any]]  # the options of each collection, in the database and in that of its rotating keys
_idle: dict[str, list[tuple[str, Shape]]] = defaultdict(list)  # by the address of their server


@asynccontextmanager
async def empty_database(mongodb_uri: str) -> AsyncIterator[str]:
    """Give the name of a database with all collections and indexes and no document, nobody else's for the block."""
    idle = _idle[mongodb_uri]
    name, shape = idle.pop() if idle else await _make(mongodb_uri)
    database = connect(_settings(mongodb_uri, name))
    is_whole = False
    try:
        yield name
        is_whole = await _shape(database) == shape
    finally:
        if is_whole:
            parts = zip((database, database.secrets), shape, strict=True)
            await asyncio.gather(*(part[kept].delete_many({}) for part, names in parts for kept in names))
            idle.append((name, shape))
        else:
            await drop(database)
        await database.close()


@asynccontextmanager
async def fresh_database(mongodb_uri: str) -> AsyncIterator[Database]:
    """Give a prepared, empty database, connected, for tests below HTTP."""
    async with empty_database(mongodb_uri) as name:
        database = connect(_settings(mongodb_uri, name))
        try:
            yield database
        finally:
            await database.close()


async def drop(database: Database) -> None:
    """Drop a database and the one of its rotating keys."""
    await database.client.drop_database(database.name)
    await database.client.drop_database(database.secrets.name)


async def _make(mongodb_uri: str) -> tuple[str, Shape]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    settings = _settings(mongodb_uri, name)
    database = connect(settings)
    await prepare_database(database, settings)
    shape = await _shape(database)
    await database.close()
    return name, shape


async def _shape(database: Database) -> Shape:
    parts = (database.raw, database.secrets.raw)
    return [{found["name"]: found["options"] async for found in await part.list_collections()} for part in parts]


def _settings(mongodb_uri: str, name: str) -> Settings:
    return Settings(mongodb_uri=mongodb_uri, mongodb_database=name)
