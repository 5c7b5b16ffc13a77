"""Operations made at random from the served schema: mostly valid, with odd values and odd corners."""

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

ODD_TEXTS = st.sampled_from(
    ["", "\x00", "a" * 300, "é\u202e", "$where", "{}", "../..", "1e999", "null", "'; --", "\ud7ff"]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | ODD_TEXTS
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "Int": st.integers(-5, 120) | st.sampled_from([0, 1, 100, 101, -(2**31), 2**31 - 1, 2**31, 10**40, 1.5]),
    "Float": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    "Boolean": st.booleans(),
    "String": TEXTS,
    "ID": TEXTS | st.sampled_from(["1", "000000000000000000000000", "C-1"]) | st.integers(0, 9),
    "DateTime": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
    | st.sampled_from(["0001-01-01T00:00:00Z", "now"]),
    "Date": st.dates().map(str) | TEXTS,
    "UUID": st.uuids().map(str) | TEXTS,
    "TimeZone": st.sampled_from(["UTC", "Europe/Paris", "Mars/Base", "../etc/passwd"]),
}


def value_of(draw: Draw, type_: Any, depth: int = 0) -> Any:  # noqa: ANN401, PLR0911 - any JSON value; a case each
    """Return a value for an input type, now and then a wrong one."""
    if isinstance(type_, GraphQLNonNull):
        return value_of(draw, type_.of_type, depth)
    if draw(st.integers(0, 19)) == 0:
        return draw(st.none() | TEXTS | st.integers() | st.just([[]]) | st.just({"odd": 1}))
    if isinstance(type_, GraphQLList):
        return [value_of(draw, type_.of_type, depth + 1) for _ in range(draw(st.integers(0, 3)))]
    if isinstance(type_, GraphQLEnumType):
        return draw(st.sampled_from([*type_.values, "NOTHING"]))
    if isinstance(type_, GraphQLInputObjectType):
        if depth > 4:
            return {}
        names = list(type_.fields)
        required = [name for name in names if isinstance(type_.fields[name].type, GraphQLNonNull)]
        chosen = {*required, *draw(st.lists(st.sampled_from(names), max_size=3))}
        return {name: value_of(draw, type_.fields[name].type, depth + 1) for name in sorted(chosen)}
    return draw(SCALARS.get(type_.name, TEXTS))


class Maker:
    """Makes one operation."""

    def __init__(self, draw: Draw, schema: GraphQLSchema) -> None:
        """Take the source of chance and the schema."""
        self.draw = draw
        self.schema = schema
        self.declared: list[str] = []
        self.variables: dict[str, Any] = {}

    def make(self, kind: str) -> tuple[str, dict[str, Any]]:
        """Return the document and its variables."""
        root = self.schema.query_type if kind == "query" else self.schema.mutation_type
        assert root is not None
        selection = self.selection(root, 0)
        declared = f"({', '.join(self.declared)})" if self.declared else ""
        return f"{kind} Made{declared} {selection}", self.variables

    def selection(self, parent: Any, depth: int) -> str:  # noqa: ANN401 - any composite type
        """Return a selection set."""
        if is_abstract_type(parent):
            types = self.schema.get_possible_types(parent)
            parts = [f"... on {type_.name} {self.selection(type_, depth + 1)}" for type_ in types if depth < 5]
            return "{ __typename " + " ".join(parts) + " }"
        assert isinstance(parent, GraphQLObjectType)
        fields = {
            name: field
            for name, field in parent.fields.items()
            if depth < 5 or is_leaf_type(get_named_type(field.type))
        }
        chosen = self.draw(st.lists(st.sampled_from([*fields, "__typename"]), min_size=1, max_size=4, unique=True))
        return "{ " + " ".join(self.field(name, fields.get(name), depth) for name in chosen) + " }"

    def field(self, name: str, field: GraphQLField | None, depth: int) -> str:
        """Return one field with its arguments and what is below it."""
        if field is None:
            return name
        arguments = [text for argument in field.args.items() if (text := self.argument(*argument)) is not None]
        given = f"({', '.join(arguments)})" if arguments else ""
        below = get_named_type(field.type)
        given += self.draw(st.sampled_from(["", "", "", " @include(if: true)", " @skip(if: true)"]))
        return f"{name}{given}" if is_leaf_type(below) else f"{name}{given} {self.selection(below, depth + 1)}"

    def argument(self, name: str, argument: GraphQLArgument) -> str | None:
        """Return an argument, its value in a variable; None if it is left out."""
        if not is_required_argument(argument) and self.draw(st.booleans()):
            return None
        variable = f"v{len(self.declared)}"
        self.declared.append(f"${variable}: {argument.type}")
        self.variables[variable] = value_of(self.draw, argument.type)
        return f"{name}: ${variable}"


@st.composite
def operations(draw: Draw, schema: GraphQLSchema) -> tuple[str, dict[str, Any]]:
    """Make an operation of the schema."""
    return Maker(draw, schema).make(draw(st.sampled_from(["query", "query", "mutation"])))
