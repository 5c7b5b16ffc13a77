"""One running system for the tests of the edge that leave nothing behind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.database.embedded import EmbeddedMongod
from tests.harness.system import System, running_system


@pytest.fixture(scope="session")
async def edge(mongod: EmbeddedMongod, data_folder: Path) -> AsyncIterator[System]:
    """A running system that many tests share."""
    async with running_system(mongod.uri, data_folder) as started:
        yield started
