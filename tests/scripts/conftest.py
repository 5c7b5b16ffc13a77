"""A running server without demo data, and a person to send files as."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.database.embedded import EmbeddedMongod
from auth.development import DevelopmentIssuer
from tests.harness.ingest import Ingesting
from tests.harness.live import LiveServer, live_server_process


@pytest.fixture(scope="package")
def empty_server(mongod: EmbeddedMongod, data_folder: Path) -> Iterator[LiveServer]:
    """A server on a database of its own, where the support role alone opens restricted fields."""
    with live_server_process(mongod.uri, data_folder, demo=False, SUPPORT_ACCESS="role") as started:
        yield started


@pytest.fixture
def ingesting(empty_server: LiveServer, data_folder: Path, tmp_path: Path) -> Ingesting:
    """Send files to that server."""
    return Ingesting(empty_server, DevelopmentIssuer(data_folder), tmp_path)


@pytest.fixture
def company_id() -> str:
    """A company that nobody else uses."""
    return str(uuid.uuid4()).upper()
