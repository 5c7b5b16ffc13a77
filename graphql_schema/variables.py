"""Fills an operation's variables: by GraphQL's rules, and item by item for the lists of the record mutations."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from app.ingest import check_batch
from graphql_schema.ingest import batch_item_type, coerce_batch


class InvalidVariablesError(Exception):
    """The variables do not fit the operation; holds what GraphQL finds wrong."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        """Keep the errors."""
        super().__init__("invalid variables")
        self.errors = errors


def coerce_variables(schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any]) -> VariableValues:
    """Return the coerced variables; raises `InvalidVariablesError`, or `AppError` for a batch that is too large."""
    ordinary = []
    batches: dict[str, tuple[VariableValueSource, list[Any]]] = {}
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        value = given.get(name)
        signature = get_variable_signature(schema, definition) if isinstance(value, list) else None
        item = batch_item_type(signature.type) if isinstance(signature, GraphQLVariableSignature) else None
        if item is None or signature is None:
            ordinary.append(definition)
            continue
        check_batch(value, name)
        batches[name] = VariableValueSource(signature, value), coerce_batch(value, *item)
    values = get_variable_values(schema, ordinary, dict(given), max_errors=20, hide_suggestions=True)
    if isinstance(values, list):
        raise InvalidVariablesError(values)
    for name, (source, coerced) in batches.items():
        values.sources[name] = source
        values.coerced[name] = coerced
    return values
