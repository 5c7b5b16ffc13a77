"""A database of each test's own, and its writer of receipts."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.database.client import Database
from app.database.embedded import EmbeddedMongod
from app.receipts.writer import ReceiptWriter
from tests.harness.databases import fresh_database
from tests.harness.mongod import start_session_mongod


@pytest.fixture
async def database(mongod: EmbeddedMongod) -> AsyncIterator[Database]:
    """Give a prepared, empty database."""
    async with fresh_database(mongod.uri) as prepared:
        yield prepared


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[ReceiptWriter]:
    """Give a writer, and let it finish."""
    writer = ReceiptWriter(database)
    yield writer
    await writer.close()


@pytest.fixture
def own_mongod() -> Iterator[EmbeddedMongod]:
    """Give a mongod that the test may kill."""
    with start_session_mongod() as started:
        yield started


@pytest.fixture
async def own_database(own_mongod: EmbeddedMongod) -> AsyncIterator[Database]:
    """Give a prepared database on the mongod that the test may kill."""
    async with fresh_database(own_mongod.uri) as prepared:
        yield prepared
