"""The time budget: what takes too long is ended in MongoDB too, and a database that is away is told soon."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.database.client import Database, connect
from app.database.deadline import Deadline
from app.database.embedded import EmbeddedMongod
from app.errors import AppError
from app.settings import Settings

SLEEP = {"body": "function(step) { sleep(50); return true }", "args": ["$step"], "lang": "js"}
SLOW: list[dict[str, Any]] = [  # 20 s in 400 steps, for MongoDB looks at the clock between them
    {"$project": {"step": {"$range": [0, 400]}}},
    {"$unwind": "$step"},
    {"$match": {"$expr": {"$function": SLEEP}}},
]


@pytest.fixture(params=["motor", "pymongo"])
async def database(request: pytest.FixtureRequest, mongod: EmbeddedMongod) -> AsyncIterator[Database]:
    """A database with one document, through each driver."""
    uri = SecretStr(mongod.uri)
    opened = connect(Settings(mongodb_uri=uri, mongodb_database="test_deadline", database_driver=request.param))
    await opened["things"].replace_one({"_id": 1}, {"_id": 1}, upsert=True)
    yield opened
    await opened.client.drop_database("test_deadline")
    await opened.close()


async def running_commands(database: Database) -> list[str]:
    """Return the commands that run on our collection now."""
    found = await database.client.admin.command({"currentOp": 1, "ns": f"{database.name}.things"})
    return [str(operation.get("command")) for operation in found["inprog"]]


async def test_what_takes_too_long_is_ended_in_the_database(database: Database) -> None:
    """Soon after the budget nothing of it runs any more."""
    started = time.perf_counter()
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the driver's own or ours, whichever sees it first
        await Deadline(database, 0.4).run(lambda: database.aggregate("things", SLOW))
    assert getattr(caught.value, "timeout", isinstance(caught.value, TimeoutError))
    assert time.perf_counter() - started < 5  # of the 20 that it would take
    for _ in range(100):
        if not await running_commands(database):
            break
        await asyncio.sleep(0.05)  # the server ends it at its next look at the clock; there is no event to wait for
    assert await running_commands(database) == []


async def test_what_is_quick_is_not_touched(database: Database) -> None:
    """Results pass through."""
    assert await Deadline(database, 5).run(lambda: database.aggregate("things", [])) == [{"_id": 1}]


async def test_a_database_that_is_away_is_told_before_the_budget_ends(tmp_path: Path) -> None:
    """A caller may try again elsewhere, or later, without waiting ten seconds first."""
    mongod = EmbeddedMongod.start(tmp_path)
    database = connect(
        Settings(mongodb_uri=SecretStr(mongod.uri), mongodb_database="test_deadline", database_timeout_ms=20_000)
    )
    try:
        await database.ping()
        mongod.kill()
        started = time.perf_counter()
        with pytest.raises(AppError) as caught:
            await Deadline(database, 30, away_seconds=1).run(lambda: database.aggregate("things", []))
        assert caught.value.code == "UNAVAILABLE"
        assert time.perf_counter() - started < 10  # of the 30 of its budget
        started = time.perf_counter()
        with pytest.raises(AppError):
            await Deadline(database, 30, away_seconds=4).run(lambda: database.aggregate("things", []))
        assert time.perf_counter() - started > 3.9  # an operator may have it waited for longer
    finally:
        await database.close()
        mongod.stop()
