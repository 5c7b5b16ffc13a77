"""Writes and compiles the functions that make rows of plain records, checking each value on the way.

A compiled function answers only what it knows for certain and raises `Unexpected` for all else, so that a wrong value
is judged and worded by graphql-core, never let through. The text that is compiled holds names of the schema and of the
operation (GraphQL names, which are Python identifiers) and nothing else of what a caller sends.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from graphql import GraphQLEnumType, GraphQLField, GraphQLObjectType

Complete = Callable[[Any, Any], Any]  # a value and the operation's context
Row = Callable[[Any, Any], dict[str, Any]]  # a record and the operation's context
Resolve = Callable[[Any, Any], Any]


class Unexpected(Exception):  # noqa: N818 - a signal to take the ordinary way, never an error that leaves
    """A compiled function met a value that the ordinary way must judge."""


# Scalars whose wire form is the stored value itself, each with the test that it passes; others go the ordinary way.
CHECKS: Mapping[str, str] = {
    "String": "type({0}) is str",
    "ID": "type({0}) is str",
    "UUID": "type({0}) is str",
    "Boolean": "type({0}) is bool",
    "Int": "type({0}) is int and -2147483648 <= {0} <= 2147483647",
    "Float": "type({0}) is float and {0} - {0} == 0.0",
    "DateTime": "type({0}) is datetime and {0}.tzinfo is not None",
}


@dataclass(frozen=True, slots=True)
class RowInfo:
    """What a prompt resolver and its guard are told, in the place of graphql-core's `info`."""

    context: Any
    parent_type: GraphQLObjectType
    field_name: str


@dataclass(frozen=True, slots=True)
class Completion:
    """How a value is completed: by a test that it must pass, or by a function; null where that is allowed."""

    nullable: bool
    check: str | None = None
    function: Complete | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One field of a row: its name in the response, where it is read or what gives it, and how it is completed."""

    response_name: str
    key: str
    attribute: str
    completion: Completion
    give: Complete | None = None


def step_for(response_name: str, name: str, parent: GraphQLObjectType, completion: Completion) -> Step:
    """Return the step of a plain or prompt field; `id` is a document's `_id` as text."""
    definition = parent.fields[name]
    attribute = definition.extensions["strawberry-definition"].python_name
    give = None if is_plain(definition) else _give(cast("Resolve", definition.resolve), parent, name)
    return Step(response_name, "_id" if attribute == "id" else name, attribute, completion, give)


def _give(resolve: Resolve, parent: GraphQLObjectType, name: str) -> Complete:
    def give(record: Any, context: Any) -> Any:
        try:
            return resolve(record, RowInfo(context, parent, name))
        except Exception:  # noqa: BLE001 - the ordinary way asks again and words it, a refusal too
            raise Unexpected from None

    return give


def is_plain(definition: GraphQLField) -> bool:
    """Return whether a field is read from its record as it is: no resolver, no argument, no guard of its own."""
    return getattr(definition.resolve, "_is_default", False) and not definition.args


def is_prompt(definition: GraphQLField) -> bool:
    """Return whether a field is given at once by its resolver, behind its guard: no argument, nothing to wait for.

    Such resolvers are pure: where a row is given up, the ordinary way asks them once more.
    """
    return getattr(definition.resolve, PROMPT, False) and not definition.args


PROMPT = "is_prompt"


def compile_row(steps: Sequence[Step], constants: Mapping[str, str], order: Sequence[str]) -> Row:
    """Return the function that makes a row of a record; `constants` are response names with a fixed text."""
    scope: dict[str, Any] = {"Unexpected": Unexpected, "datetime": datetime}
    plain = [(place, step) for place, step in enumerate(steps) if step.give is None]
    lines = ["def row(record, context):", "    if type(record) is dict:", "        get = record.get"]
    for place, step in plain:
        lines.append(f"        v{place} = get({step.key!r})")
        if step.key == "_id":
            lines.append(f"        v{place} = None if v{place} is None else str(v{place})")
    lines += ["    else:", "        try:", "            pass"]
    lines += [f"            v{place} = record.{step.attribute}" for place, step in plain]
    lines += ["        except AttributeError:", "            raise Unexpected from None"]
    lines += [*_write_completions(steps, scope), _write_return(steps, constants, order)]
    exec("\n".join(lines), scope)  # noqa: S102 - see the module's text on what is compiled
    row: Row = scope["row"]
    return row


def _write_completions(steps: Sequence[Step], scope: dict[str, Any]) -> list[str]:
    lines = []
    for place, step in enumerate(steps):
        value, completion = f"v{place}", step.completion
        if step.give is not None:
            scope[f"g{place}"] = step.give
            lines.append(f"    {value} = g{place}(record, context)")
        if completion.check is not None:
            test = completion.check.format(value)
            lines.append(
                f"    if not ({f'{value} is None or ' if completion.nullable else ''}{test}): raise Unexpected"
            )
            continue
        scope[f"c{place}"] = completion.function
        if completion.nullable:
            lines.append(f"    if {value} is not None: {value} = c{place}({value}, context)")
        else:
            lines += [f"    if {value} is None: raise Unexpected", f"    {value} = c{place}({value}, context)"]
    return lines


def _write_return(steps: Sequence[Step], constants: Mapping[str, str], order: Sequence[str]) -> str:
    values = {step.response_name: f"v{place}" for place, step in enumerate(steps)}
    values |= {name: repr(text) for name, text in constants.items()}
    return "    return {" + ", ".join(f"{name!r}: {values[name]}" for name in order) + "}"


def complete_list_of(completion: Completion) -> Complete:
    """Return the completer of a list whose items are completed so."""
    step = Step("item", "item", "item", completion)
    scope: dict[str, Any] = {"Unexpected": Unexpected, "datetime": datetime}
    lines = [
        "def complete(values, context):",
        "    if type(values) is not list and type(values) is not tuple: raise Unexpected",
    ]
    lines += ["    done = []", "    for v0 in values:"]
    lines += [f"    {line}" for line in _write_completions([step], scope)]
    lines += ["        done.append(v0)", "    return done"]
    exec("\n".join(lines), scope)  # noqa: S102 - see the module's text on what is compiled
    complete: Complete = scope["complete"]
    return complete


def complete_enum(type_: GraphQLEnumType) -> Complete:
    """Return the completer of an enum: each value is judged once by graphql-core, then known."""
    known: dict[Any, Any] = {}

    def complete(value: Any, _: Any) -> Any:
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
