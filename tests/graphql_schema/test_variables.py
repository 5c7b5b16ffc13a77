"""Variables: bounded, explained by field, never quoted back."""

from typing import Any

import pytest

from auth.principal import Role
from tests.harness.system import System

SECRET = "alice@contoso.example"  # what must not come back
USERS = "query($first: Int!, $kind: ProfileKind) { users(first: $first, kind: $kind) { nodes { id } } }"
OPEN = "mutation($input: OpenSupportRequestInput!) { openSupportRequest(input: $input) { id } }"
EVENTS = "query($filter: EventFilter) { events(first: 1, filter: $filter) { nodes { id } } }"


@pytest.mark.parametrize(
    ("query", "variables", "fields"),
    [
        (USERS, {"first": SECRET}, ["first"]),
        (USERS, {"first": 1, "kind": SECRET}, ["kind"]),
        (USERS, {}, ["first"]),
        (USERS, {"first": None}, ["first"]),
        (USERS, {"first": [1]}, ["first"]),
        (USERS, {"first": 1e300}, ["first"]),
        (USERS, {"first": SECRET, "kind": {"a": SECRET}}, ["first", "kind"]),
        (OPEN, {"input": {"reason": 7, "ticket": {}}}, ["input.reason", "input.ticket"]),
        (OPEN, {"input": {"reason": "r", "subject": {"userId": SECRET, "companyId": SECRET}}}, ["input.subject"]),
        (OPEN, {"input": {"reason": "r", SECRET: SECRET}}, ["input"]),
        (OPEN, {"input": {"reason": "r", "tickets": SECRET}}, ["input.tickets"]),
        (OPEN, {"input": {"reason": "r", "d41d8cd98f00b204": SECRET}}, ["input"]),
        (OPEN, {"input": {"reason": "r", "subject": {"userid": SECRET}}}, ["input.subject.userid", "input.subject"]),
        (OPEN, {"input": {}}, ["input.reason"]),
        (OPEN, {"input": SECRET}, ["input"]),
        (EVENTS, {"filter": {"occurredAfter": SECRET}}, ["filter.occurredAfter"]),
        (EVENTS, {"filter": {"names": [SECRET]}}, ["filter.names.0"]),
        (EVENTS, {"filter": {"requestId": SECRET}}, ["filter.requestId"]),
    ],
)
async def test_a_wrong_variable_is_named_and_not_quoted(
    system: System, query: str, variables: dict[str, Any], fields: list[str]
) -> None:
    """The error says which field and what it must be; the value stays with the sender."""
    reply = await system.ask(query, Role.SUPPORT, **variables)
    assert set(reply.codes) == {"BAD_USER_INPUT"}
    assert reply.data is None
    assert [error["extensions"]["field"] for error in reply.errors] == fields
    assert SECRET not in str(reply.body)


async def test_many_faults_are_told_in_part(system: System) -> None:
    """Answers stay small however much is wrong."""
    reply = await system.ask(EVENTS, Role.SUPPORT, filter={"names": [SECRET] * 1_000})
    assert len(reply.errors) == 20


@pytest.mark.parametrize(
    ("variables", "limit"),
    [
        ({f"v{number}": 1 for number in range(101)}, "variables"),
        ({"filter": {"names": ["TEAM_CREATED"] * 2_001}}, "values in variables"),
        ({"filter": {"names": [[[["a"] * 500] * 2] * 2] * 2}}, "values in variables"),
    ],
)
async def test_number_and_size_of_variables_are_bounded(system: System, variables: dict[str, Any], limit: str) -> None:
    """A list of a hundred thousand enum values is not walked."""
    reply = await system.ask(EVENTS, Role.SUPPORT, **variables)
    assert reply.codes == ["TOO_COMPLEX"]
    assert reply.errors[0]["extensions"]["limit"] == limit


async def test_unknown_variables_are_ignored_as_the_specification_says(system: System) -> None:
    """Clients that keep one set of variables for several operations go on working."""
    assert (await system.ask("{ me { kind } }", Role.USER, unknown=SECRET)).errors == []
