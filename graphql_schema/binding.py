"""Binds the served resolvers: straight to the functions of this package, without Strawberry's per-call wrapping.

Strawberry declares the surface; graphql-core runs it. A resolver's `info` is graphql-core's own or the fast way's, of
which only what `ReadInfo` has may be used; input objects are still converted by Strawberry's rules.
"""

import inspect
from collections.abc import Callable
from typing import Any

from graphql import GraphQLField, GraphQLInputObjectType, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema
from strawberry.schema import Schema
from strawberry.types.arguments import StrawberryArgument, convert_argument

from graphql_schema.fast.rows import PROMPT
from graphql_schema.ingest import batch_item_type

DEFINITION = "strawberry-definition"
Convert = Callable[[Any], Any]


def bind_resolvers(schema: GraphQLSchema, declared: Schema) -> None:
    """Replace the resolver of each field that has one of its own."""
    for graphql_type in schema.type_map.values():
        if isinstance(graphql_type, GraphQLInputObjectType):
            # Strawberry keeps @oneOf to itself; known to graphql-core, literals in documents are validated too.
            graphql_type.is_one_of = bool(getattr(graphql_type.extensions.get(DEFINITION), "is_one_of", False))
        if isinstance(graphql_type, GraphQLObjectType) and not graphql_type.name.startswith("__"):
            # Documents are served as they are; interfaces resolve by the document's kind.
            graphql_type.is_type_of = None
            for field in graphql_type.fields.values():
                definition = field.extensions.get(DEFINITION)
                if definition is not None and definition.base_resolver is not None and not definition.is_subscription:
                    field.resolve = _direct(field, definition, declared)


def _direct(field: GraphQLField, definition: Any, declared: Schema) -> Callable[..., Any]:
    function: Callable[..., Any] = definition.base_resolver.wrapped_func
    takes_info = "info" in inspect.signature(function).parameters
    arguments = {
        declared.config.name_converter.from_argument(argument): (
            argument.python_name,
            _converter(field, argument, declared),
        )
        for argument in definition.arguments
    }

    def resolve(source: object, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
        named = {}
        for name, value in given.items():
            python_name, convert = arguments[name]
            named[python_name] = value if convert is None else convert(value)
        return function(source, info, **named) if takes_info else function(source, **named)

    setattr(resolve, PROMPT, not arguments and not inspect.iscoroutinefunction(function))
    return resolve


def _converter(field: GraphQLField, argument: StrawberryArgument, declared: Schema) -> Convert | None:
    """Return what makes an argument of a coerced value; None where the value is it (scalars, enums, record batches)."""
    graphql_type = field.args[declared.config.name_converter.from_argument(argument)].type
    if batch_item_type(graphql_type) is not None or not _holds_input_object(argument.type):
        return None
    return lambda value: convert_argument(
        value, argument.type, declared.schema_converter.scalar_registry, declared.config
    )


def _holds_input_object(type_: Any) -> bool:
    while hasattr(type_, "of_type"):
        type_ = type_.of_type
    return hasattr(type_, "__strawberry_definition__") and getattr(type_.__strawberry_definition__, "is_input", False)
