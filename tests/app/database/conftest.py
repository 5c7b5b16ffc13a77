"""Vaults under both drivers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.database.embedded import EmbeddedMongod
from tests.app.database.vaults import OpenedVault, Vaults, fresh_vaults


@pytest.fixture(params=["motor", "pymongo"])
async def vaults(mongod: EmbeddedMongod, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Vaults]:
    """Give a prepared database that vaults are opened on."""
    async with fresh_vaults(mongod.uri, tmp_path, request.param) as made:
        yield made


@pytest.fixture
async def opened(vaults: Vaults) -> OpenedVault:
    """Give one prepared vault."""
    return await vaults.open()
