"""A database of each test's own, with the vault, the writer of receipts and the service on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.database.client import Database
from app.database.embedded import EmbeddedMongod
from app.database.keyring import load_keyring
from app.database.vault import Vault
from app.receipts.writer import ReceiptWriter
from app.settings import Settings
from app.support.service import SupportService
from tests.app.support.people import ACCESS, LIFE
from tests.harness.databases import fresh_database


@pytest.fixture
async def database(mongod: EmbeddedMongod) -> AsyncIterator[Database]:
    """Give a prepared, empty database."""
    async with fresh_database(mongod.uri) as prepared:
        yield prepared


@pytest.fixture
async def service(database: Database, tmp_path: Path) -> AsyncIterator[SupportService]:
    """Give the service with a real vault under a throw-away master key."""
    settings = Settings(data_dir=tmp_path, mongodb_database=database.name)
    keyring = load_keyring(settings)
    vault = Vault(database, keyring, settings)
    await vault.prepare()
    receipts = ReceiptWriter(database)
    yield SupportService(database, vault, keyring, receipts, ACCESS, LIFE)
    await receipts.close()
    await vault.close()
