"""Fills variables by functions compiled once per operation; whatever they do not expect takes the ordinary way.

Small values only: what is bounded by counting (lists, objects) is left to the ordinary way, which counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLNonNull, GraphQLSchema, OperationDefinitionNode, is_leaf_type
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

from graphql_schema.fast.inputs import Coerce, compile_input
from graphql_schema.fast.rows import Unexpected

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a leaf type without a default."""

    signature: GraphQLVariableSignature
    coerce: Coerce
    nullable: bool


def compile_variables(schema: GraphQLSchema, operation: OperationDefinitionNode) -> tuple[Variable, ...] | None:
    """Return how an operation's variables are filled; None where one of them needs the ordinary way."""
    variables = []
    for definition in operation.variable_definitions or ():
        signature = get_variable_signature(schema, definition)
        if not isinstance(signature, GraphQLVariableSignature) or definition.default_value is not None:
            return None
        type_ = signature.type
        nullable = not isinstance(type_, GraphQLNonNull)
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if not is_leaf_type(inner):
            return None
        variables.append(Variable(signature, compile_input(signature.type), nullable))
    return tuple(variables)


def fill_variables(variables: tuple[Variable, ...], given: Mapping[str, Any]) -> VariableValues:
    """Return the coerced variables; raises `Unexpected` for whatever does not fit."""
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    for variable in variables:
        name = variable.signature.name
        value = given.get(name, _ABSENT)
        if value is _ABSENT:
            if not variable.nullable:
                raise Unexpected
            sources[name] = VariableValueSource(variable.signature)
            continue
        sources[name] = VariableValueSource(variable.signature, value)
        coerced[name] = variable.coerce(value)
    return VariableValues(sources, coerced)
