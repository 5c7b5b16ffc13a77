"""Fixtures that all tests share: one real mongod a worker, a database and a running system for each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.database.embedded import EmbeddedMongod
from tests.harness.live import LiveServer, live_server_process
from tests.harness.mongod import start_session_mongod
from tests.harness.system import System, running_system

LONGEST_FIRST = "test_p4_usage_survives_kill.py"  # half a minute: begun last, one worker would wait for it


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in its own hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a module's tests in one worker, and those of the server with demo data: each worker would start its own."""
    for item in items:
        group = "live" if "live" in getattr(item, "fixturenames", ()) else f"{item.path.parent.name}/{item.path.name}"
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.path.name != LONGEST_FIRST)


@pytest.fixture(scope="session")
def mongod() -> Iterator[EmbeddedMongod]:
    """The session's mongod."""
    with start_session_mongod() as started:
        yield started


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the session's throw-away keys."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
async def system(mongod: EmbeddedMongod, data_folder: Path) -> AsyncIterator[System]:
    """A running system on a database of the test's own."""
    async with running_system(mongod.uri, data_folder) as started:
        yield started


@pytest.fixture(scope="session")
def live(mongod: EmbeddedMongod, data_folder: Path) -> Iterator[LiveServer]:
    """A really running server on a free port, with the demo data."""
    with live_server_process(mongod.uri, data_folder) as started:
        yield started


@pytest.fixture(scope="session")
def live_server(live: LiveServer) -> str:
    """The base address of the running server."""
    return live.url
