"""Fills an operation's variables: bounded, by GraphQL's rules, and item by item for the lists of the record mutations.

What does not fit is told by field and expectation, never by the value: answers are kept in clients' logs.
"""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, GraphQLInputType, GraphQLSchema, OperationDefinitionNode, Undefined
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.utilities import coerce_input_value, validate_input_value

from app.errors import AppError, ErrorCode
from app.ingest import check_batch
from graphql_schema.explaining import explain_fault
from graphql_schema.ingest import batch_item_type, coerce_batch
from graphql_schema.limits import LIMITS, check, more_than

FAULTS_MAX = 20


class InvalidVariablesError(Exception):
    """The variables do not fit the operation; holds what is expected of which."""

    def __init__(self, errors: list[AppError]) -> None:
        """Keep the errors."""
        super().__init__("invalid variables")
        self.errors = errors


def coerce_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any], *, fast: bool = True
) -> VariableValues:
    """Return the coerced variables; raises `InvalidVariablesError`, or `AppError` for too many or too large a batch."""
    definitions = operation.variable_definitions
    check("variables", len(given), LIMITS.variables)
    if not definitions:
        return VariableValues({}, {})
    signatures: dict[str, GraphQLVariableSignature] = {}
    ordinary, inputs, batches = [], {}, []
    for definition in definitions:
        name = definition.variable.name.value
        signature = get_variable_signature(schema, definition)
        if isinstance(signature, GraphQLError):  # validation has refused such a document
            raise AppError(ErrorCode.BAD_USER_INPUT, signature.message, field=name)
        signatures[name] = signature
        value = given.get(name, Undefined)
        if isinstance(value, list) and (item := batch_item_type(signature.type)) is not None:
            check_batch(value, name)
            batches.append((signature, value, item))
            continue
        ordinary.append(definition)
        if value is not Undefined:
            inputs[name] = value
    _check_size(inputs)
    values = _coerce(schema, ordinary, inputs, signatures)
    for signature, value, item in batches:
        values.sources[signature.name] = VariableValueSource(signature, value)
        values.coerced[signature.name] = coerce_batch(value, *item, fast=fast)
    return values


def _coerce(
    schema: GraphQLSchema,
    definitions: list[Any],
    inputs: dict[str, Any],
    signatures: Mapping[str, GraphQLVariableSignature],
) -> VariableValues:
    try:
        values = get_variable_values(schema, definitions, inputs, max_errors=1, hide_suggestions=True)
    except ValueError:  # a scalar that refuses in its own way
        values = []
    if isinstance(values, VariableValues):
        return values
    faults: list[AppError] = []
    for definition in definitions:
        name = definition.variable.name.value
        if name in inputs or not definition.default_value:
            faults += _explain(name, inputs.get(name, Undefined), signatures[name].type)
    raise InvalidVariablesError(faults[:FAULTS_MAX] or [_fault("variables", "fit the operation")])


class _EnoughError(Exception):
    """As many faults are found as are told."""


def _explain(name: str, value: object, type_: GraphQLInputType) -> list[AppError]:
    faults: list[AppError] = []

    def note(error: Exception, path: list[str | int]) -> None:
        below, expected = explain_fault(str(getattr(error, "message", error)))
        faults.append(_fault(".".join(map(str, [name, *path, below] if below else [name, *path])), expected))
        if len(faults) >= FAULTS_MAX:
            raise _EnoughError

    try:
        validate_input_value(value, type_, note, hide_suggestions=True)
        if not faults:
            coerce_input_value(value, type_)
    except _EnoughError:
        pass
    except (GraphQLError, ValueError):  # Strawberry tells only here that a @oneOf input names none or several
        faults.append(_fault(name, "has a part of which exactly one field must be given, and not null"))
    return faults


def _fault(field: str, expected: str) -> AppError:
    return AppError(ErrorCode.BAD_USER_INPUT, f"{field} {expected}.", field=field)


def _check_size(inputs: Mapping[str, Any]) -> None:
    """Raise `TOO_COMPLEX` for more values than an operation takes, lists and objects counted through."""
    counted = 0
    waiting: list[Any] = [inputs]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            counted += len(value)
            if counted > LIMITS.variable_values:
                raise more_than("values in variables", LIMITS.variable_values)
            waiting.extend(value.values() if isinstance(value, dict) else value)
