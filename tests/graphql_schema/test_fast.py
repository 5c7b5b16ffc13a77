"""The fast way answers exactly as the ordinary way does: same data, same errors, same paths."""

from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import ExecutionResult, FieldNode, GraphQLField, GraphQLString, NameNode
from graphql.execution.values import VariableValues
from hypothesis import HealthCheck, settings
from hypothesis import given as given_by
from hypothesis import strategies as st

from app.database.embedded import EmbeddedMongod
from app.operation import Ask
from auth.principal import Principal, Role
from graphql_schema.execute import Runner
from graphql_schema.fast.reads import Read, SingleRead
from graphql_schema.fast.rows import Unexpected
from graphql_schema.schema import build_schema
from tests.harness.people import COMPANY, PERSON, open_and_take, save_people
from tests.harness.queries import queries
from tests.harness.system import Reply, System, running_system

SCHEMA = build_schema()
STAFF = Principal("test|staff", frozenset({Role.PRIVACY_OFFICER}))
# What differs from call to call by nature is not asked: receipts are appended by the very calls that are compared.
BY_NATURE = frozenset({"receipts"})
ROOTS = ["me", "user", "users", "company", "companies", "events", "errors", "dataPractices", "request", "censusRecords"]
ROLES = [Role.USER, Role.COMPANY_ADMIN, Role.SUPPORT, Role.PRIVACY_OFFICER]


async def fill(system: System) -> None:
    """Save people, events and errors with and without their optional parts."""
    await save_people(system)
    await open_and_take(system)
    now = system.clock()
    request = "5E872200-F546-4CCD-8F23-AF5F507AA2DD"
    created = {
        "teamName": "T",
        "additionalMembers": 1,
        "additionalOwners": 0,
        "templateId": request,
        "templateName": "N",
    }
    events: list[Any] = [
        {"requestCreated": {"eventId": "1", "occurredAt": now.isoformat(), "requestId": request, **created}},
        {
            "requestApproved": {
                "eventId": "2",
                "occurredAt": (now + timedelta(seconds=5)).isoformat(),
                "requestId": request,
            }
        },
    ]
    await system.ask("mutation($e: [EventInput!]!) { recordEvents(events: $e) { accepted } }", Role.USER, e=events)
    whole = {"code": "AADSTS50105", "message": "refused", "log": ["a", "b"], "device": {"osName": "iOS", "memoryMb": 4}}
    whole |= {
        "performance": {"operation": "load", "durationMs": 1.5},
        "network": {"online": True},
        "exception": {"type": "E"},
    }
    reports = [
        {"reportId": str(number), "kind": "OTHER", "occurredAt": now.isoformat(), **(whole if number % 2 else {})}
        for number in range(6)
    ]
    await system.ask(
        "mutation($r: [ErrorReportInput!]!) { recordErrors(reports: $r) { accepted } }", Role.USER, r=reports
    )
    # Waits until this app has counted the reports; the other one knows nothing of what is under way here.
    assert (await system.ask("{ errorGroups(first: 9) { nodes { id } } }", Role.SUPPORT)).data["errorGroups"]["nodes"]


def comparable(reply: Reply) -> tuple[int, Any, list[str]]:
    """Return what must be equal; errors of one operation may come in another order."""
    for error in reply.errors:
        error["extensions"].pop("requestId", None)
    errors = sorted(repr(sorted(error.items())) for error in reply.errors)
    return reply.status, reply.data, errors


@pytest.fixture(scope="module")
async def both(mongod: EmbeddedMongod, data_folder: Path) -> AsyncIterator[tuple[System, System]]:
    """Two apps over the same data: one takes the fast way, one the ordinary."""
    async with running_system(mongod.uri, data_folder, fast_execution=True) as fast:
        await fill(fast)
        name = fast.services.database.name
        async with running_system(mongod.uri, data_folder, fast_execution=False, mongodb_database=name) as ordinary:
            yield fast, ordinary


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given_by(query=queries(SCHEMA, [PERSON, COMPANY], ROOTS, left_out=BY_NATURE), role=st.sampled_from(ROLES))
async def test_both_ways_answer_alike(both: tuple[System, System], query: str, role: Role) -> None:
    """Generated queries, as four roles: equal data, errors and paths."""
    fast, ordinary = [comparable(await system.ask(query, role)) for system in both]
    assert fast == ordinary


VARIABLES: list[dict[str, Any]] = [
    {"first": 2, "id": PERSON},
    {"first": 2, "id": PERSON, "kind": "AUTHENTICATED"},
    {"first": 2, "id": PERSON, "kind": None, "more": 1},
    {"first": 2.0, "id": 7},
    {"first": "2", "id": PERSON},
    {"first": 2},
    {"first": 2, "id": None},
    {"first": 2, "id": PERSON, "kind": "NONE"},
    {"first": [2], "id": {}},
    {},
]


@pytest.mark.parametrize("given", VARIABLES)
async def test_variables_are_filled_alike(both: tuple[System, System], given: dict[str, Any]) -> None:
    """Good, odd and missing variables: equal data and equal refusals."""
    query = "query($first: Int!, $id: ID!, $kind: ProfileKind) { users(first: $first, kind: $kind) { nodes { id } } user(id: $id) { kind } }"
    fast, ordinary = [comparable(await system.ask(query, Role.SUPPORT, **given)) for system in both]
    assert fast == ordinary


@pytest.mark.parametrize(
    "broken", [{"license": 5}, {"kind": None}, {"lastSeenAt": "yesterday"}, {"profile": {"msIsTenantAdmin": "no"}}]
)
async def test_a_wrong_value_is_worded_by_the_ordinary_way(both: tuple[System, System], broken: dict[str, Any]) -> None:
    """What the compiled row does not expect is judged by graphql-core: same nulls, same errors."""
    query = "{ users(first: 9) { nodes { id kind lastSeenAt profile { ... on AuthenticatedProfile { license msIsTenantAdmin } } } } }"
    users = both[0].services.database["users"]
    before = await users.find_one({"_id": PERSON})
    await users.replace_one({"_id": PERSON}, {**before, **broken}, bypass_document_validation=True)
    fast, ordinary = [comparable(await system.ask(query, Role.SUPPORT)) for system in both]
    await users.replace_one({"_id": PERSON}, before)
    assert fast == ordinary


async def test_the_fast_way_is_really_taken(both: tuple[System, System]) -> None:
    """The plan of a document holds its compiled rows after the first run; a document with a directive has none."""
    plain = "{ errors(first: 5) { nodes { id kind code device { osName } } } }"
    directed = "{ errors(first: 5) { nodes { id kind code @include(if: true) } } }"
    plans = {}
    for text in (plain, directed):
        runner = Runner(SCHEMA, both[0].services)
        answer = await runner.run(Ask(text, STAFF, "test", both[0].clock()))
        assert len(answer.body["data"]["errors"]["nodes"]) == 5
        plans[text] = runner.plans.plan(text).compiled[None].selections
    rows = {name: selection.row for (name, _), selection in plans[plain].items()}
    assert rows["ErrorReport"] is not None
    assert rows["Device"] is not None
    assert plans[directed] == {}


SINGLE = {
    "one person": "query A { p: user(id: $PERSON) { id kind lastSeenAt } }",
    "its parts merged": "{ user(id: $PERSON) { id } ...More } fragment More on Query { user(id: $PERSON) { kind } }",
    "a page": "{ users(first: 2) { nodes { id } pageInfo { hasNextPage endCursor } edges { cursor } } }",
    "nobody": '{ user(id: "nobody") { id } }',
    "not the caller's": "{ censusRecords(first: 2) { nodes { id } } }",
    "a wrong argument": "{ users(first: 0) { nodes { id } } }",
}


@pytest.mark.parametrize("name", SINGLE)
async def test_a_query_of_one_field_answers_alike(both: tuple[System, System], name: str) -> None:
    """Asked without an executor: values, refusals, wrong arguments."""
    query = SINGLE[name].replace("$PERSON", f'"{PERSON}"')
    for role in (Role.SUPPORT, Role.USER, None):
        fast, ordinary = [comparable(await system.ask(query, role)) for system in both]
        assert fast == ordinary


async def test_a_query_of_one_field_takes_no_executor(both: tuple[System, System]) -> None:
    """Its plan holds the compiled read; two fields, a restricted one or a mutation need the executor."""
    runner = Runner(SCHEMA, both[0].services)
    of_one = ["{ users(first: 2) { nodes { id } } }", "{ dataPractices { version } }"]
    others = [
        "{ users(first: 2) { nodes { id } } me { kind } }",
        f'{{ user(id: "{PERSON}") {{ profile {{ ... on AuthenticatedProfile {{ name }} }} }} }}',
        "{ __typename }",
        "mutation { recordCensus(records: []) { accepted } }",
    ]
    for text in (*of_one, *others):
        await runner.run(Ask(text, STAFF, "test", both[0].clock()))
        read = runner.plans.plan(text).compiled[None].read
        assert (read is not None) is (text in of_one), text


async def test_a_resolver_is_asked_once_however_its_answer_turns_out() -> None:
    """Where the row gives up, what was found is handed on: asking again could cost, or be receipted twice. So is null."""
    asked = 0

    async def resolve(_: object, _info: object) -> str:
        nonlocal asked
        asked += 1
        return "found"

    def give_up(_: object, _context: object) -> dict[str, Any]:
        raise Unexpected

    class TakesOver:
        async def take_over(self, outcome: Awaitable[Any]) -> ExecutionResult:
            return ExecutionResult({"it": await outcome}, None)

    async def resolve_to_none(_: object, _info: object) -> None:
        return None

    node = FieldNode(name=NameNode(value="it"))
    for function, row, found in ((resolve, give_up, "found"), (resolve_to_none, lambda *_: {"made": "up"}, None)):
        field = GraphQLField(GraphQLString, resolve=function)
        read = Read("it", field, [node], SCHEMA.query_type, row)  # type: ignore[arg-type]
        answer = await SingleRead(read, SCHEMA, {}, VariableValues({}, {}), None, TakesOver).run()
        assert answer.data == {"it": found}
    assert asked == 1
