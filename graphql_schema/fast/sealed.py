"""The restricted fields of one object at once: one awaitable for all of them instead of a task and a coroutine a field.

Wanted, decided, receipted and opened they are as ever (`disclosing.py`); a refusal becomes its field's error through
graphql-core's own handling. Objects with other fields that must be waited for take the ordinary way.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

from graphql import GraphQLObjectType
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path

from graphql_schema.disclosing import DisclosureBatch, reveal, want

Fields = Mapping[str, list[FieldDetails]]


def are_sealed(parent: GraphQLObjectType, fields: Fields) -> bool:
    """Return whether all of these fields are restricted ones."""
    known = parent.fields
    for details in fields.values():
        field = known.get(details[0].node.name.value)
        if field is None or field.resolve is not reveal:
            return False
    return bool(fields)


def execute_sealed(
    executor: Any,
    parent: GraphQLObjectType,
    source: Any,
    path: Path | None,
    fields: Fields,
) -> Awaitable[dict[str, Any]]:
    """Return what will be the values of an object's restricted fields."""
    batch: DisclosureBatch = executor.context_value.disclosures
    futures = [
        batch.open(want(source, parent.name, details[0].node.name.value), Path(path, name, parent.name))
        for name, details in fields.items()
    ]
    return _collect(executor, parent, path, fields, futures)


async def _collect(
    executor: Any,
    parent: GraphQLObjectType,
    path: Path | None,
    fields: Fields,
    futures: list[asyncio.Future[str | None]],
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for (response_name, details), future in zip(fields.items(), futures, strict=True):
        try:
            values[response_name] = await future
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            type_ = parent.fields[details[0].node.name.value].type
            executor.handle_field_error(error, type_, details, Path(path, response_name, parent.name))
            values[response_name] = None
    return values
