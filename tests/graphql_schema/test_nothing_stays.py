"""What an operation was sent goes with it: no circle of objects keeps it for the garbage collector."""

import gc
from pathlib import Path
from typing import Any

import pytest
from graphql.execution.values import VariableValues

from app.database.embedded import EmbeddedMongod
from auth.principal import Role
from graphql_schema.context import Context
from graphql_schema.disclosing import DisclosureBatch
from graphql_schema.fast.executor import FastExecutor, OrdinaryExecutor
from tests.harness.people import open_and_take, save_people
from tests.harness.system import System, running_system
from tests.harness.usage import created, new_id

RECORD = "mutation($e: [EventInput!]!) { recordEvents(events: $e) { accepted } }"
QUERIES = [
    "{ me { user { profile { ... on AuthenticatedProfile { name license } } } } }",
    "{ users(first: 5) { nodes { id profiles { kind ... on AuthenticatedProfile { name } } } } }",
    "{ supportRequests(first: 5) { nodes { reason subject { id } } } }",
    "{ nothing }",
]
HOLDERS = (FastExecutor, OrdinaryExecutor, Context, VariableValues, DisclosureBatch)


async def circles_after(system: System, role: Role, query: str, **variables: Any) -> set[str]:  # noqa: ANN401 - any JSON
    """Return which holders of an operation were left in circles by a few of them."""
    for _ in range(2):
        await system.ask(query, role, **variables)
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            await system.ask(query, role, **variables)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        return {type(each).__name__ for each in gc.garbage if type(each) in HOLDERS}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("fast", [True, False])
async def test_no_operation_leaves_a_circle(mongod: EmbeddedMongod, data_folder: Path, *, fast: bool) -> None:
    """Reads, restricted fields, a refused document, a batch of events; in both ways of executing."""
    async with running_system(mongod.uri, data_folder, fast_execution=fast) as system:
        await save_people(system)
        await open_and_take(system)
        for query in QUERIES:
            assert await circles_after(system, Role.SUPPORT, query) == set(), query
        events = [created(system.clock(), new_id()) for _ in range(5)]
        assert await circles_after(system, Role.USER, RECORD, e=events) == set()
