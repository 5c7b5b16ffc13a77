"""Writes and compiles the functions that coerce the items of record batches: accept fast, explain slowly.

A compiled function takes only what GraphQL's rules take and gives what they give; for all else it raises `Unexpected`,
and graphql-core's own coercion judges the item and words its fault. The compiled text holds only names of the schema.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    Undefined,
)

from graphql_schema.fast.rows import Unexpected

Coerce = Callable[[Any], Any]

# As in the rows: a test, then what becomes of the value.
SCALARS = {
    "String": ("type({0}) is str", "{0}"),
    "ID": ("type({0}) is str", "{0}"),
    "Boolean": ("type({0}) is bool", "{0}"),
    "Int": ("type({0}) is int and -2147483648 <= {0} <= 2147483647", "{0}"),
    "Float": ("type({0}) is float and {0} - {0} == 0.0", "{0}"),
    "UUID": ("type({0}) is str and is_uuid({0})", "{0}.upper()"),
}
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)


@cache
def compile_item(named: GraphQLInputObjectType) -> Coerce:
    """Return the function that coerces one item of a batch; kept, since the named type is the schema's own object."""
    return compile_input(GraphQLNonNull(named))


def compile_input(type_: GraphQLInputType) -> Coerce:
    """Return the function that coerces a value of an input type, or raises `Unexpected`."""
    scope: dict[str, Any] = {"Unexpected": Unexpected, "is_uuid": _UUID.fullmatch}
    nullable = not isinstance(type_, GraphQLNonNull)
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    lines = ["def coerce(value):", f"    if value is None: {'return None' if nullable else 'raise Unexpected'}"]
    if isinstance(inner, GraphQLInputObjectType):
        lines += _write_object(inner, scope)
    elif isinstance(inner, GraphQLList):
        scope["item"] = compile_input(inner.of_type)
        lines += ["    if type(value) is not list: raise Unexpected", "    return [item(each) for each in value]"]
    elif isinstance(inner, GraphQLScalarType) and inner.name in SCALARS:
        test, result = (part.format("value") for part in SCALARS[inner.name])
        lines += [f"    if not ({test}): raise Unexpected", f"    return {result}"]
    else:
        scope["judge"] = _judge(inner)
        lines += ["    return judge(value)"]
    exec("\n".join(lines), scope)  # noqa: S102 - see the module's text on what is compiled
    coerce: Coerce = scope["coerce"]
    return coerce


def _write_object(type_: GraphQLInputObjectType, scope: dict[str, Any]) -> list[str]:
    lines = ["    if type(value) is not dict: raise Unexpected"]
    if type_.is_one_of:
        scope["kinds"] = {name: compile_input(GraphQLNonNull(field.type)) for name, field in type_.fields.items()}
        return [
            *lines,
            "    if len(value) != 1: raise Unexpected",
            "    for name, body in value.items(): pass",
            "    if name not in kinds: raise Unexpected",
            "    return {name: kinds[name](body)}",
        ]
    lines += ["    get, found, done = value.get, 0, {}"]
    for place, (name, field) in enumerate(type_.fields.items()):
        lines += [f"    v = get({name!r}, get)", "    if v is not get:", "        found += 1"]
        lines += [f"        {line}" for line in _write_member(name, field.type, f"f{place}", scope)]
        if isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined:
            lines += ["    else: raise Unexpected"]
        elif field.default_value is not Undefined:
            scope[f"d{place}"] = field.default_value
            lines += [f"    else: done[{name!r}] = d{place}"]
    return [*lines, "    if found != len(value): raise Unexpected", "    return done"]


def _write_member(name: str, type_: GraphQLInputType, function: str, scope: dict[str, Any]) -> list[str]:
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if isinstance(inner, GraphQLScalarType) and inner.name in SCALARS and isinstance(type_, GraphQLNonNull):
        test, result = (part.format("v") for part in SCALARS[inner.name])
        return [f"if not ({test}): raise Unexpected", f"done[{name!r}] = {result}"]
    scope[function] = compile_input(type_)
    return [f"done[{name!r}] = {function}(v)"]


def _judge(type_: GraphQLScalarType | GraphQLEnumType) -> Coerce:
    """Return graphql-core's own judgement of a leaf."""

    def coerce(value: Any) -> Any:
        try:
            coerced = type_.coerce_input_value(value)
        except Exception:  # noqa: BLE001 - the ordinary way words it
            raise Unexpected from None
        if coerced is Undefined:
            raise Unexpected
        return coerced

    return coerce
