"""What is read past the driver's cursors is what they would give, when the server fails or sends it in parts too."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import ReadPreference
from pymongo.errors import AutoReconnect, ExecutionTimeout, OperationFailure, ServerSelectionTimeoutError

from app.database.client import Database, _read_one_batch, connect
from app.database.rows import find_rows
from app.settings import Settings
from tests.harness.live import free_port
from tests.harness.replica_set import running_replica_set

ROWS = [{"_id": number} for number in range(5)]
SERVER_ERRORS = {"not primary": 10107, "stepped down": 189, "ends": 11600, "read concern": 134}


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A mongod that fails where it is told to."""
    options = ("--setParameter", "enableTestCommands=1")
    with running_replica_set(tmp_path_factory.mktemp("failing"), *options, members=1) as one:
        yield one.uri


@pytest.fixture
async def database(uri: str) -> AsyncIterator[Database]:
    """A database with five rows, which answers again at the end."""
    opened = connect(Settings(mongodb_uri=SecretStr(uri), mongodb_database="reading"))
    await opened["things"].drop()
    await opened["things"].insert_many(ROWS)
    yield opened
    await fail(opened, "off")
    await opened.close()


async def fail(database: Database, mode: Any, **how: Any) -> None:  # noqa: ANN401 - as the command takes it
    """Let the next `find` fail, or all of them."""
    data = {"failCommands": ["find"], **how}
    await database.client.admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": data})


async def read(database: Database) -> list[dict[str, Any]]:
    """Read as pages are read."""
    return await find_rows(database["things"], {}, limit=10, sort=[("_id", 1)])


async def test_a_read_is_repeated_when_its_connection_ends(database: Database) -> None:
    """A caller does not notice one broken connection."""
    await fail(database, {"times": 1}, closeConnection=True)
    assert await read(database) == ROWS


@pytest.mark.parametrize("code", SERVER_ERRORS.values(), ids=SERVER_ERRORS)
async def test_a_read_is_repeated_when_the_server_says_so(database: Database, code: int) -> None:
    """Nor an election."""
    await fail(database, {"times": 1}, errorCode=code)
    assert await read(database) == ROWS


async def test_a_read_is_not_repeated_for_ever(database: Database) -> None:
    """A server that is away is told as such."""
    await fail(database, "alwaysOn", closeConnection=True)
    with pytest.raises(AutoReconnect):
        await read(database)


async def test_a_read_whose_time_is_up_is_not_repeated(database: Database) -> None:
    """Its caller has waited long enough; once more would be another time as long."""
    await fail(database, {"times": 1}, errorCode=50)
    with pytest.raises(ExecutionTimeout):
        await read(database)


async def test_a_query_that_cannot_be_raises_what_the_driver_raises(database: Database) -> None:
    """The error is MongoDB's own."""
    with pytest.raises(OperationFailure, match="unknown top level operator"):
        await find_rows(database["things"], {"$nonsense": 1}, limit=1)


@pytest.mark.parametrize("code", [11601, 292], ids=["killed", "memory"])
async def test_a_read_that_failed_for_good_is_not_repeated(database: Database, code: int) -> None:
    """An operator who ends a heavy query does not start it once more."""
    await fail(database, {"times": 1}, errorCode=code)
    with pytest.raises(OperationFailure):
        await read(database)


async def test_a_server_that_is_away_is_waited_for_once() -> None:
    """A cursor would wait as long again."""
    nobody = SecretStr(f"mongodb://127.0.0.1:{free_port()}/")
    opened = connect(Settings(mongodb_uri=nobody, database_timeout_ms=100))
    things = opened["things"].delegate
    with pytest.raises(ServerSelectionTimeoutError):
        await asyncio.to_thread(_read_one_batch, things, things.codec_options, {}, None, limit=1)
    await opened.close()


async def test_reads_go_to_the_primary_whatever_the_address_says(uri: str) -> None:
    """A secondary may not know yet that a request was closed."""
    opened = connect(Settings(mongodb_uri=SecretStr(f"{uri}&readPreference=secondary")))
    assert opened["support_requests"].read_preference == ReadPreference.PRIMARY
    assert opened.secrets["vault_keys"].read_preference == ReadPreference.PRIMARY
    await opened.close()


@pytest.mark.parametrize("field", ["_id", "unindexed"])
async def test_a_full_page_is_read_once(database: Database, field: str) -> None:
    """Whether an index gives its order or not; and no cursor is left open behind it."""
    before = await counts(database)
    assert len(await find_rows(database["things"], {}, limit=5, sort=[(field, 1)])) == len(ROWS)
    after = await counts(database)
    assert {name: after[name] - before[name] for name in before} == {"find": 1, "killCursors": 0, "getMore": 0}


async def test_what_mongodb_sends_in_parts_is_whole(database: Database) -> None:
    """One batch holds 16 MiB: the rest follows, and no cursor is left open behind it."""
    large = [{"_id": 10 + number, "text": "x" * 1_000_000} for number in range(20)]
    await database["things"].insert_many(large)
    assert await find_rows(database["things"], {"_id": {"$gte": 10}}, limit=20, sort=[("_id", 1)]) == large
    status = await database.client.admin.command("serverStatus")
    assert status["metrics"]["cursor"]["open"]["total"] == 0


async def counts(database: Database) -> dict[str, int]:
    """Return how often the server was asked to find, to go on, and to end a cursor."""
    status = await database.client.admin.command("serverStatus")
    commands = status["metrics"]["commands"]
    return {name: commands[name]["total"] for name in ("find", "killCursors", "getMore")}
