"""Compiled readers and completers for plain fields: what a record holds becomes what is answered, checked on the way.

Each function answers only what it knows for certain and raises `Unexpected` for all else, so that a wrong value is
judged and worded by graphql-core, never let through.
"""

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from graphql import GraphQLEnumType, GraphQLField

Complete = Callable[[Any], Any]
Row = Callable[[Any], dict[str, Any]]


class Unexpected(Exception):  # noqa: N818 - a signal to take the ordinary way, never an error that leaves
    """A compiled function met a value that the ordinary way must judge."""


def is_plain(definition: GraphQLField) -> bool:
    """Return whether a field is read from its record as it is: no resolver, no argument, no guard of its own."""
    return getattr(definition.resolve, "_is_default", False) and not definition.args


def row_of(plain: Mapping[str, Callable[[Any], Any]]) -> Row:
    """Return the function that reads all plain fields of a record."""
    steps = tuple(plain.items())
    return lambda source: {name: read(source) for name, read in steps}


def reader(name: str, definition: GraphQLField, complete: Complete) -> Callable[[Any], Any]:
    """Return the function that reads one field: of a stored document by its GraphQL name, else by attribute."""
    python_name = definition.extensions["strawberry-definition"].python_name
    key = "_id" if python_name == "id" else name
    text = str if key == "_id" else None

    def read(source: Any) -> Any:
        if type(source) is dict:
            value = source.get(key)
            return complete(text(value) if text is not None and value is not None else value)
        return complete(_attribute(source, python_name))

    return read


def _attribute(source: object, name: str) -> Any:
    try:
        return getattr(source, name)
    except AttributeError:
        raise Unexpected from None


def not_null(row: Row) -> Complete:
    """Return the completer of an object that must be there."""

    def complete(value: Any) -> dict[str, Any]:
        if value is None:
            raise Unexpected
        return row(value)

    return complete


def list_completer(item: Complete) -> Complete:
    """Return the completer of a list."""

    def complete(value: Any) -> list[Any]:
        if type(value) not in {list, tuple}:
            raise Unexpected
        return [item(each) for each in value]

    return complete


def enum_completer(type_: GraphQLEnumType) -> Complete:
    """Return the completer of an enum: each value is judged once by graphql-core, then known."""
    known: dict[Any, Any] = {}

    def complete(value: Any) -> Any:
        try:
            return known[value]
        except (KeyError, TypeError):
            pass
        try:
            name = type_.coerce_output_value(value)
        except Exception:  # noqa: BLE001 - the ordinary way words it
            raise Unexpected from None
        if len(known) < len(type_.values) * 2:
            known[value] = name
        return name

    return complete


def _exactly(*types: type) -> Complete:
    def complete(value: Any) -> Any:
        if type(value) in types:
            return value
        raise Unexpected

    return complete


def _whole_number(value: Any) -> int:
    if type(value) is int and INT_MIN <= value <= INT_MAX:
        return value
    raise Unexpected


def _number(value: Any) -> float:
    if type(value) is float and math.isfinite(value):
        return value
    raise Unexpected


def _moment(value: Any) -> datetime:
    if type(value) is datetime and value.tzinfo is not None:
        return value
    raise Unexpected


INT_MIN, INT_MAX = -(2**31), 2**31 - 1
_text = _exactly(str)
# Scalars whose wire form is the stored value itself; those not named here take the ordinary way.
SCALARS: Mapping[str, Complete] = {
    "String": _text,
    "ID": _text,
    "UUID": _text,
    "Boolean": _exactly(bool),
    "Int": _whole_number,
    "Float": _number,
    "DateTime": _moment,
}
