"""What the three record mutations share at the edge: their answer, and lists that are read item by item.

The variable lists of these mutations are coerced one item at a time: an item that does not fit its input type becomes a
`Malformed` and later a rejection, so that one bad item never costs the others. Their resolvers take the coerced items as
plain dicts; Strawberry's conversion of each item into an object would be work for nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLInputType, GraphQLList, GraphQLNonNull, GraphQLResolveInfo, GraphQLSchema, Undefined
from graphql.utilities import coerce_input_value, validate_input_value
from strawberry import ID

from app.ingest import Malformed
from graphql_schema.guards import inherits

BATCH_ITEMS = {"CensusInput": "recordId", "EventInput": "eventId", "ErrorReportInput": "reportId"}


@inherits
@strawberry.type(description="Why one item was not taken.")
class Rejection:
    """The place in the batch, the id if it could be read, the field, and what is expected of it."""

    index: int
    id: ID | None
    code: str
    field: str | None
    message: str


@inherits
@strawberry.type(description="accepted + duplicates + rejected is always the number of items sent.")
class IngestResult:
    """What became of a batch."""

    accepted: int
    duplicates: int
    rejected: list[Rejection]


def batch_item_type(type_: GraphQLInputType) -> tuple[GraphQLInputType, str] | None:
    """Return the item type and its id field if `type_` is the list of a record mutation."""
    if isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    if not isinstance(type_, GraphQLList):
        return None
    item_type = type_.of_type
    name = getattr(getattr(item_type, "of_type", item_type), "name", None)
    return (item_type, BATCH_ITEMS[name]) if name in BATCH_ITEMS else None


def coerce_batch(values: list[Any], item_type: GraphQLInputType, id_field: str) -> list[Any]:
    """Return the coerced items, with a `Malformed` in the place of each that does not fit."""
    return [_coerce_item(value, item_type, id_field) for value in values]


def _coerce_item(value: object, item_type: GraphQLInputType, id_field: str) -> Any:  # noqa: ANN401 - a coerced input
    coerced = coerce_input_value(value, item_type)
    return explain_item(value, item_type, id_field) if coerced is Undefined else coerced


def explain_item(value: object, item_type: GraphQLInputType, id_field: str) -> Malformed:
    """Return why an item does not fit its type: the first fault, with its field and without the value."""
    faults: list[tuple[str, str]] = []

    def note(error: Exception, path: list[str | int]) -> None:
        faults.append((".".join(map(str, path)), _without_values(str(getattr(error, "message", error)))))

    validate_input_value(value, item_type, note, hide_suggestions=True)
    field, message = faults[0] if faults else ("", "The item does not fit its input type.")
    return Malformed(message, _read_id(value, id_field), field or None)


def _without_values(message: str) -> str:
    """Return graphql-core's sentence without the value that it quotes."""
    head, separator, _ = message.partition(", found")
    if separator:
        return f"{head}."
    quoted, separator, rest = message.partition(": ")
    return message if not separator else (quoted if "represent" in quoted else rest)


def _read_id(value: object, id_field: str) -> str | None:
    if isinstance(value, Mapping):
        inner = value if id_field in value else next((part for part in value.values() if isinstance(part, Mapping)), {})
        found = inner.get(id_field)
        return found[:100] if isinstance(found, str) else None
    return None


def bind_batches(schema: GraphQLSchema) -> None:
    """Give the record mutations resolvers that take plain items."""
    mutation = schema.mutation_type
    if mutation is None:
        return
    for field in mutation.fields.values():
        for argument in field.args.values():
            if batch_item_type(argument.type) is not None:
                _bind(field)


def _bind(field: GraphQLField) -> None:
    function: Callable[..., Any] = field.extensions["strawberry-definition"].base_resolver.wrapped_func

    def resolve(source: object, info: GraphQLResolveInfo, **arguments: Any) -> Any:  # noqa: ANN401
        return function(source, info, **{PYTHON_NAMES.get(name, name): value for name, value in arguments.items()})

    field.resolve = resolve


PYTHON_NAMES = {"companyId": "company_id"}
