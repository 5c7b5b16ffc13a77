"""Running: what is refused before it runs, and what becomes of an operation that takes too long."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from app.clock import utc_now
from app.database.embedded import EmbeddedMongod
from app.operation import Ask
from auth.principal import ANONYMOUS, Role
from graphql_schema.execute import Runner
from graphql_schema.schema import build_schema
from tests.harness.system import System, running_system

USERS = "{ users(first: 1) { nodes { id } } }"


async def test_a_mutation_is_not_run_by_get(system: System) -> None:
    """A link or an image tag must not write; a query by GET is fine."""
    reply = await system.client.get("/graphql", params={"query": "mutation { newAnonymousIds { userId } }"})
    assert reply.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert (await system.client.get("/graphql", params={"query": "{ me { kind } }"})).json()["data"]["me"]


async def test_a_subscription_is_not_run_by_a_call(system: System) -> None:
    """One answer cannot hold it; the refusal says what can."""
    reply = await system.ask("subscription { usageChanged { asOf } }", Role.COMPANY_ADMIN)
    assert reply.codes == ["BAD_USER_INPUT"]
    assert "WebSocket" in reply.errors[0]["message"]


async def test_the_named_operation_runs_and_only_that(system: System) -> None:
    """Of several, the one that the request names."""
    query = "query A { me { kind } } mutation B { newAnonymousIds { userId } }"
    assert set((await system.ask(query, operation="A")).data) == {"me"}
    assert set((await system.ask(query, operation="B")).data) == {"newAnonymousIds"}
    assert (await system.ask(query)).errors[0]["extensions"]["field"] == "operationName"


async def test_a_frozen_database_ends_with_the_time_budget(tmp_path: Path, data_folder: Path) -> None:
    """503 with Retry-After when the budget is used up, although the server is connected and says nothing."""
    mongod = EmbeddedMongod.start(tmp_path)
    try:
        async with running_system(mongod.uri, data_folder, operation_seconds=1.0) as system:
            assert (await system.ask(USERS, Role.SUPPORT)).errors == []
            os.kill(mongod.pid, signal.SIGSTOP)
            started = time.perf_counter()
            reply = await system.ask(USERS, Role.SUPPORT)
            taken = time.perf_counter() - started
            os.kill(mongod.pid, signal.SIGCONT)
            assert (reply.status, set(reply.codes)) == (503, {"UNAVAILABLE"})
            assert "retry-after" in reply.headers
            assert taken < 5  # the budget is 1, the driver alone would wait for 15
            assert (await system.ask(USERS, Role.SUPPORT)).errors == []
    finally:
        os.kill(mongod.pid, signal.SIGCONT)
        mongod.stop()


async def test_a_caller_that_goes_away_takes_the_operation_along(system: System) -> None:
    """Cancelling is the one thing that a run raises."""
    runner = Runner(build_schema(), system.services)
    ask = Ask(query="{ dataPractices { version } me { kind } }", principal=ANONYMOUS, request_id="1", now=utc_now())
    assert (await runner.run(ask)).executed
    task = asyncio.create_task(runner.run(Ask(query=USERS, principal=ANONYMOUS, request_id="2", now=utc_now())))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
