"""Generates valid queries over the served schema (a hypothesis strategy), for property tests."""

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
)
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
# Literals by scalar; ids among them are those of `tests/harness/people.py` or of nobody.
LITERALS = {
    "Int": ["1", "3", "100"],
    "Float": ["0.5"],
    "Boolean": ["true", "false"],
    "String": ['"x"', '"AADSTS50105"'],
    "ID": ['"x"'],
    "UUID": ['"5E872200-F546-4CCD-8F23-AF5F507AA2DD"'],
    "DateTime": ['"2026-01-01T00:00:00Z"', '"2030-01-01T00:00:00+05:45"'],
    "TimeZone": ['"UTC"', '"Asia/Kathmandu"'],
    "Date": ['"2026-01-01"'],
}


DEPTH = 4


class QueryWriter:
    """Writes one query, field by field, as hypothesis draws."""

    def __init__(self, schema: GraphQLSchema, draw: Draw, ids: list[str], left_out: frozenset[str]) -> None:
        """Take the schema, the ids that stand for something in the database, and names of fields that are not asked."""
        self.schema = schema
        self.left_out = left_out
        self.draw = draw
        self.ids = [f'"{each}"' for each in ids]
        self.aliases = 0

    def selection(self, type_: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
        """Return a selection set on a type."""
        names = [
            name
            for name, field in type_.fields.items()
            if name not in self.left_out and (depth > 0 or not is_composite_type(get_named_type(field.type)))
        ]
        chosen = self.draw(st.lists(st.sampled_from([*names, "__typename"]), min_size=1, max_size=6, unique=True))
        parts = [name if name == "__typename" else self.field(name, type_.fields[name], depth) for name in chosen]
        if isinstance(type_, GraphQLInterfaceType):
            possible = sorted(self.schema.get_possible_types(type_), key=lambda each: each.name)
            parts += [
                f"... on {each.name} {self.selection(each, 0)}"
                for each in self.draw(st.lists(st.sampled_from(possible), max_size=3, unique=True))
            ]
        return f"{{ {' '.join(parts)} }}"

    def field(self, name: str, field: GraphQLField, depth: int) -> str:
        """Return one field with its arguments and selection; an alias keeps it from colliding."""
        named = get_named_type(field.type)
        given = {key: argument.type for key, argument in field.args.items() if self._is_given(argument.type)}
        arguments = ", ".join(f"{key}: {self.literal(type_)}" for key, type_ in given.items())
        self.aliases += 1
        head = f"a{self.aliases}: {name}" if arguments or (self.draw(st.booleans()) and self.aliases < 20) else name
        if arguments:
            head += f"({arguments})"
        if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
            return head
        return f"{head} {self.selection(named, depth - 1)}"

    def _is_given(self, type_: GraphQLInputType) -> bool:
        return isinstance(type_, GraphQLNonNull) or bool(self.draw(st.integers(0, 3)) == 0)

    def literal(self, type_: GraphQLInputType) -> str:
        """Return a literal of an input type."""
        if isinstance(type_, GraphQLNonNull):
            return self.literal(type_.of_type)
        if isinstance(type_, GraphQLList):
            return f"[{self.literal(type_.of_type)}]"
        if isinstance(type_, GraphQLEnumType):
            return str(self.draw(st.sampled_from(sorted(type_.values))))
        if isinstance(type_, GraphQLInputObjectType):
            return self._input_object(type_)
        choices = LITERALS[type_.name] + (self.ids if type_.name == "ID" else [])
        return str(self.draw(st.sampled_from(choices)))

    def _input_object(self, type_: GraphQLInputObjectType) -> str:
        if type_.is_one_of:
            names = [self.draw(st.sampled_from(sorted(type_.fields)))]
        else:
            names = [name for name, field in type_.fields.items() if self._is_given(field.type)]
        return "{ " + ", ".join(f"{name}: {self.literal(type_.fields[name].type)}" for name in names) + " }"


@st.composite
def queries(
    draw: Draw,
    schema: GraphQLSchema,
    ids: list[str],
    roots: list[str] | None = None,
    left_out: frozenset[str] = frozenset(),
) -> str:
    """Return a strategy of query documents; `roots` keeps to some root fields, `ids` are known to the database."""
    query = schema.query_type
    assert query is not None
    writer = QueryWriter(schema, draw, ids, left_out)
    names = draw(st.lists(st.sampled_from(roots or sorted(query.fields)), min_size=1, max_size=3, unique=True))
    return f"{{ {' '.join(writer.field(name, query.fields[name], DEPTH) for name in names)} }}"
