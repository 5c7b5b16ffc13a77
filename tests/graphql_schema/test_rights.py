"""Each role on each guarded root field: who has it by the table of rights has it, everybody else is refused.

Generated from the schema and the table: a new field or a changed right is tried without a line here.
"""

from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_composite_type,
)

from auth.principal import Role
from auth.rights import RIGHTS
from graphql_schema.guards import guard_of
from graphql_schema.schema import build_schema
from tests.harness.system import System

SCHEMA = build_schema()
CALLERS: list[Role | None] = [None, *Role]
SAMPLES = {
    "String": "x",
    "ID": "x",
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "UUID": "5E872200-F546-4CCD-8F23-AF5F507AA2DD",
    "DateTime": "2026-01-01T00:00:00Z",
    "TimeZone": "UTC",
}


def sample(type_: GraphQLInputType) -> Any:  # noqa: ANN401 - any JSON
    """Return a value that fits an input type."""
    if isinstance(type_, GraphQLNonNull):
        return sample(type_.of_type)
    if isinstance(type_, GraphQLList):
        return []
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        required = {
            name: sample(field.type) for name, field in type_.fields.items() if isinstance(field.type, GraphQLNonNull)
        }
        return required or ({next(iter(type_.fields)): "x"} if type_.is_one_of else {})
    return SAMPLES[type_.name]


def operation_for(kind: str, name: str, field: GraphQLField) -> tuple[str, dict[str, Any]]:
    """Return an operation that asks one root field, with its variables."""
    required = {key: argument for key, argument in field.args.items() if isinstance(argument.type, GraphQLNonNull)}
    head = ", ".join(f"${key}: {argument.type}" for key, argument in required.items())
    given = ", ".join(f"{key}: ${key}" for key in required)
    selection = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
    text = f"{kind}{f'({head})' if head else ''} {{ {name}{f'({given})' if given else ''}{selection} }}"
    return text, {key: sample(argument.type) for key, argument in required.items()}


ROOTS = [
    (kind, name, field)
    for kind, root in (("query", SCHEMA.query_type), ("mutation", SCHEMA.mutation_type))
    if root is not None
    for name, field in root.fields.items()
]


@pytest.mark.parametrize(("kind", "name", "field"), ROOTS, ids=[name for _, name, _ in ROOTS])
async def test_root_field_serves_exactly_the_roles_of_the_table(
    system: System, kind: str, name: str, field: GraphQLField
) -> None:
    """Refused with FORBIDDEN naming the field and what it needs, or not refused by the guard."""
    coordinate = f"{kind.title()}.{name}"
    guard = guard_of(kind.title(), field)
    assert guard is not None
    assert guard.action is not None
    text, variables = operation_for(kind, name, field)
    for caller in CALLERS:
        reply = await system.ask(text, caller, **variables)
        refused = [error for error in reply.errors if error["extensions"].get("field") == coordinate]
        if caller in RIGHTS[guard.action]:
            assert refused == [], f"{caller} was refused {coordinate}"
            assert "INTERNAL" not in reply.codes, f"{caller} broke {coordinate}"
        else:
            assert [error["extensions"]["code"] for error in refused] == ["FORBIDDEN"], f"{caller} got {coordinate}"
            assert refused[0]["extensions"]["needs"]
            assert not (reply.data or {}).get(name)


async def test_token_without_a_role_gets_nothing(system: System) -> None:
    """A valid token that grants no known role may not even read what is public."""
    token = system.token(Role.USER, roles=["superuser"])
    reply = await system.ask("{ me { kind } users(first: 1) { nodes { id } } }", token=token)
    assert set(reply.codes) == {"FORBIDDEN"}
