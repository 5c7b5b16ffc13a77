"""P7: nothing that a request has opened leaves once it is closed, though an operation began before, or closed it itself."""

from pathlib import Path
from typing import Any

import pytest
from graphql import ExecutionResult

from app.database.embedded import EmbeddedMongod
from app.errors import AppError, ErrorCode
from app.operation import Ask
from auth.principal import Principal, Role
from graphql_schema.execute import Executor, Runner
from graphql_schema.schema import build_schema
from tests.harness.people import AUTHENTICATED, PERSON, open_and_take, save_people
from tests.harness.system import System, running_system

PROFILE = "profile { ... on AuthenticatedProfile { name tld license } }"
LOOK = f'{{ people: users(first: 9, kind: AUTHENTICATED) {{ nodes {{ id who: {PROFILE} }} }} user(id: "{PERSON}") {{ {PROFILE} }} }}'
CLOSE = "mutation($id: ID!) { closeSupportRequest(id: $id) { status } }"
ERASE = "mutation($id: ID!) { eraseUser(id: $id) { counts { collection } } }"
OPEN_FIELDS, SEALED = {"license": AUTHENTICATED["license"]}, ("name", "tld")


async def agent_of(system: System, request_id: str) -> Principal:
    """Return the agent who has a request."""
    stored = await system.services.database["support_requests"].find_one({"_id": request_id})
    return Principal(stored["takenBy"], frozenset({Role.SUPPORT}))


def ask_for(system: System, agent: Principal, text: str) -> Ask:
    """Return an operation of the agent's."""
    return Ask(text, agent, "test", system.clock())


def executor_for(system: System, ask: Ask) -> Executor:
    """Return what runs an operation."""
    runner = Runner(build_schema(), system.services)
    plan = runner.plans.plan(ask.query)
    return runner.make_executor(plan, plan.choose(None), ask)


async def test_a_mutation_that_closes_its_request_opens_nothing_after_it(system: System) -> None:
    """Its steps run one after the other; the request that the first has taken is closed by the second."""
    await save_people(system)
    opened = await system.ask('mutation { openSupportRequest(input: {reason: "help"}) { id } }', Role.USER)
    subject = f"subject {{ {PROFILE} }}"
    text = f"""mutation($id: ID!) {{
      a: takeSupportRequest(id: $id) {{ {subject} }} b: closeSupportRequest(id: $id) {{ status {subject} }}
      c: closeSupportRequest(id: $id) {{ status company {{ companyName msTenantId }} }} }}"""
    reply = await system.ask(text, Role.SUPPORT, id=opened.data["openSupportRequest"]["id"])
    assert reply.data["b"]["status"] == "CLOSED"
    nothing = {**dict.fromkeys(SEALED), **OPEN_FIELDS}
    assert [reply.data[step]["subject"]["profile"] for step in "ab"] == [nothing, nothing]
    refused = {
        tuple(error["path"]) for error in reply.errors if error["extensions"]["code"] == "SUPPORT_REQUEST_REQUIRED"
    }
    assert refused >= {(step, "subject", "profile", name) for step in "ab" for name in SEALED}


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("ending", ["close", "erase"])
async def test_what_was_opened_before_the_end_does_not_leave_after_it(
    mongod: EmbeddedMongod, data_folder: Path, ending: str, *, fast: bool
) -> None:
    """The rest of an operation may take seconds; each field is taken back, and says why."""
    async with running_system(mongod.uri, data_folder, fast_execution=fast) as system:
        await save_people(system)
        request_id = await open_and_take(system)
        executor = executor_for(system, ask_for(system, await agent_of(system, request_id), LOOK))
        result = await executor.run()
        assert result.errors is None
        assert [profile["name"] for profile in profiles_in(result)] == [AUTHENTICATED["name"]] * 2
        if ending == "close":
            assert (await system.ask(CLOSE, Role.USER, id=request_id)).errors == []
        else:
            assert (await system.ask(ERASE, Role.PRIVACY_OFFICER, id=PERSON)).errors == []
        settled = await executor.context_value.disclosures.settle(result)
    assert list(profiles_in(settled)) == [{**dict.fromkeys(SEALED), **OPEN_FIELDS}] * 2
    places = [(*above, name) for above in (("people", "nodes", 0, "who"), ("user", "profile")) for name in SEALED]
    assert {tuple(error.path or ()) for error in settled.errors or ()} == set(places)
    assert codes_of(settled) == {ErrorCode.SUPPORT_REQUEST_REQUIRED}


def profiles_in(result: ExecutionResult) -> list[dict[str, Any]]:
    """Return the profile by both of its ways."""
    data: Any = result.data
    return [*(node["who"] for node in data["people"]["nodes"] if node["id"] == PERSON), data["user"]["profile"]]


def codes_of(result: ExecutionResult) -> set[ErrorCode]:
    """Return the codes of an answer's errors."""
    causes = [error.original_error for error in result.errors or ()]
    return {cause.code for cause in causes if isinstance(cause, AppError)}


async def test_what_cannot_be_looked_at_again_does_not_leave(tmp_path: Path) -> None:
    """Fails closed: the database went away between the opening and the answer."""
    mongod = EmbeddedMongod.start(tmp_path)
    try:
        async with running_system(mongod.uri, tmp_path, database_timeout_ms=200) as system:
            await save_people(system)
            request_id = await open_and_take(system)
            executor = executor_for(system, ask_for(system, await agent_of(system, request_id), LOOK))
            result = await executor.run()
            mongod.kill()
            settled = await executor.context_value.disclosures.settle(result)
            assert [profile["name"] for profile in profiles_in(settled)] == [None, None]
            assert codes_of(settled) == {ErrorCode.UNAVAILABLE}
            mongod.restart()
    finally:
        mongod.stop()
