"""What the three record mutations share at the edge: their answer, and lists that are read item by item.

The variable lists of these mutations are coerced one item at a time: an item that does not fit its input type becomes
a `Malformed` and later a rejection, so that one bad item never costs the others. Their resolvers take the coerced items
as plain dicts; Strawberry's conversion of each item into an object would be work for nothing.
"""

from typing import Any

import strawberry
from graphql import GraphQLInputType, GraphQLList, GraphQLNonNull, Undefined, get_named_type
from graphql.utilities import coerce_input_value
from strawberry import ID
from strawberry.exceptions import StrawberryInputCoercionError

from app.ingest import Malformed
from graphql_schema.explaining import explain_item, read_id
from graphql_schema.fast.inputs import compile_item
from graphql_schema.fast.rows import Unexpected
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


def coerce_batch(values: list[Any], item_type: GraphQLInputType, id_field: str, *, fast: bool = True) -> list[Any]:
    """Return the coerced items, with a `Malformed` in the place of each that does not fit."""
    if not fast:
        return [_coerce_item(value, item_type, id_field) for value in values]
    accept = compile_item(get_named_type(item_type))
    items = []
    for value in values:
        try:
            items.append(accept(value))
        except Unexpected:
            items.append(_coerce_item(value, item_type, id_field))
    return items


def _coerce_item(value: object, item_type: GraphQLInputType, id_field: str) -> Any:
    try:
        coerced = coerce_input_value(value, item_type)
    except StrawberryInputCoercionError:  # a @oneOf input that names none, several or null
        return Malformed(
            "The item must name exactly one kind, with a value that is not null.", read_id(value, id_field)
        )
    return explain_item(value, item_type, id_field) if coerced is Undefined else coerced
