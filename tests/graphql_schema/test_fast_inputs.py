"""The compiled coercion of record batches takes what graphql-core takes, gives what it gives, and leaves the rest to it."""

import contextlib
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLInputType, GraphQLList, GraphQLNonNull, Undefined, get_named_type
from graphql.utilities import coerce_input_value
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.exceptions import StrawberryInputCoercionError

from graphql_schema.fast.inputs import compile_input
from graphql_schema.fast.rows import Unexpected
from graphql_schema.schema import build_schema

SCHEMA = build_schema()
ITEMS = {
    name: SCHEMA.mutation_type.fields[name].args[argument].type.of_type.of_type  # type: ignore[union-attr]
    for name, argument in {"recordCensus": "records", "recordEvents": "events", "recordErrors": "reports"}.items()
}
GOOD = {
    "UUID": st.sampled_from(["5E872200-F546-4CCD-8F23-AF5F507AA2DD", "5e872200-f546-4ccd-8f23-af5f507aa2dd"]),
    "DateTime": st.sampled_from(
        ["2026-01-01T00:00:00Z", "2026-01-01t00:00:00.123456789+05:45", "2024-02-29T23:59:59-08:00"]
    ),
    "String": st.text(max_size=5),
    "ID": st.text(max_size=5),
    "Int": st.integers(-5, 2**31 - 1),
    "Float": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "Boolean": st.booleans(),
    "ErrorKind": st.sampled_from(["SIGN_IN", "OTHER"]),
}
ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.just([]),
    st.just({}),
    st.just({"x": 1}),
)


def values_for(type_: GraphQLInputType) -> st.SearchStrategy[Any]:
    """Return values of an input type, most of them right."""
    if isinstance(type_, GraphQLNonNull):
        return st.one_of(values_for(type_.of_type), values_for(type_.of_type), values_for(type_.of_type), ODD)
    if isinstance(type_, GraphQLList):
        return st.one_of(st.lists(values_for(type_.of_type), max_size=3), ODD)
    if isinstance(type_, GraphQLInputObjectType):
        fields = {name: values_for(field.type) for name, field in type_.fields.items()}
        if type_.is_one_of:
            one = st.sampled_from(sorted(fields)).flatmap(lambda name: fields[name].map(lambda value: {name: value}))
            return st.one_of(one, one, st.fixed_dictionaries({}, optional=fields))
        required = {name for name, field in type_.fields.items() if isinstance(field.type, GraphQLNonNull)}
        return st.fixed_dictionaries(
            {name: fields[name] for name in fields if name in required},
            optional={**{name: fields[name] for name in fields if name not in required}},
        )
    return GOOD[get_named_type(type_).name]


def by_graphql_core(value: object, type_: GraphQLInputType) -> Any:  # noqa: ANN401
    """Return what graphql-core makes of a value, or Undefined."""
    try:
        return coerce_input_value(value, type_)
    except StrawberryInputCoercionError:
        return Undefined


@pytest.mark.parametrize("name", ITEMS)
@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data())
def test_equal_answers(name: str, data: st.DataObject) -> None:
    """What is accepted is equal; what graphql-core refuses is never accepted."""
    value = data.draw(values_for(ITEMS[name]))
    expected = by_graphql_core(value, ITEMS[name])
    with contextlib.suppress(Unexpected):  # left to graphql-core, which is always right
        assert compile_input(ITEMS[name])(value) == expected


def test_ordinary_items_are_taken_fast() -> None:
    """What a client sends in the ordinary way never needs the slow explanation."""
    request = "5E872200-F546-4CCD-8F23-AF5F507AA2DD"
    body = {"eventId": "1", "occurredAt": "2026-01-01T00:00:00Z", "requestId": request}
    taken = compile_input(ITEMS["recordEvents"])({"requestApproved": body})
    assert taken == coerce_input_value({"requestApproved": body}, ITEMS["recordEvents"])
    report = {
        "reportId": "1",
        "occurredAt": "2026-01-01T00:00:00Z",
        "kind": "OTHER",
        "log": ["a"],
        "device": {"memoryMb": 1},
    }
    assert compile_input(ITEMS["recordErrors"])(report) == coerce_input_value(report, ITEMS["recordErrors"])
