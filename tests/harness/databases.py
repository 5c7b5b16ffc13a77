"""A prepared database of a test's own, for tests below HTTP."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.database.client import Database, connect
from app.database.indexes import prepare_database
from app.settings import Settings


@asynccontextmanager
async def fresh_database(mongodb_uri: str) -> AsyncIterator[Database]:
    """Make a database with all indexes and validators for the length of the block, then drop it."""
    settings = Settings(mongodb_uri=mongodb_uri, mongodb_database=f"test_{uuid.uuid4().hex[:12]}")
    database = connect(settings)
    await prepare_database(database, settings)
    try:
        yield database
    finally:
        await database.client.drop_database(database.name)
        await database.client.drop_database(database.secrets.name)
        await database.close()
