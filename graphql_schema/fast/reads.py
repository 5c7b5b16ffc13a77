"""A query of one field whose answer is one compiled row: asked here, without an executor of graphql-core.

Most queries of a frontend are of this kind: one person, one page of a list. Guards, arguments and rows are the same as
everywhere. What turns out otherwise (a refusal, a value that the row does not expect) is handed to the executor, which
words it; the resolver is not asked again, since asking may cost, or be receipted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast

from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import is_awaitable

from graphql_schema.fast.rows import Row, Unexpected


@dataclass(frozen=True, slots=True)
class Read:
    """The one field of a query, compiled: what resolves it, what makes the row, how it is called in the answer."""

    response_name: str
    field: GraphQLField
    nodes: list[FieldNode]
    parent_type: GraphQLObjectType
    row: Row


class ReadInfo(NamedTuple):
    """What a resolver is told, by the names of graphql-core's own `info`."""

    field_name: str
    field_nodes: list[FieldNode]
    parent_type: GraphQLObjectType
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    context: Any


class ResolverInfo(Protocol):
    """What resolvers may use of their `info`, whichever way they are run."""

    @property
    def field_name(self) -> str:
        """The field's name."""

    @property
    def field_nodes(self) -> list[FieldNode]:
        """Where the document asks for it."""

    @property
    def parent_type(self) -> GraphQLObjectType:
        """The type that the field is of."""

    @property
    def schema(self) -> GraphQLSchema:
        """The schema."""

    @property
    def fragments(self) -> Mapping[str, FragmentDefinitionNode]:
        """The document's fragments."""

    @property
    def context(self) -> Any:
        """The operation's `Context`."""


@dataclass(slots=True)
class SingleRead:
    """One run of a compiled read for its caller."""

    read: Read
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues
    context: Any
    make_executor: Callable[[], Any]

    async def run(self) -> ExecutionResult:
        """Execute the operation."""
        read, context = self.read, self.context
        field, nodes = read.field, read.nodes
        value: Any = None
        try:
            node = nodes[0]
            arguments = get_argument_values(field, node, self.variables) if field.args else {}
            info = ReadInfo(node.name.value, nodes, read.parent_type, self.schema, self.fragments, context)
            value = cast("Any", field.resolve)(None, info, **arguments)
            if is_awaitable(value):
                value = await value
            if value is None:  # whether that may be is the executor's to say
                raise Unexpected  # noqa: TRY301 - as a row would
            return ExecutionResult({read.response_name: read.row(value, context)}, None)
        except Unexpected:
            return await self.make_executor().take_over(_given(value))
        except Exception as error:  # noqa: BLE001 - it becomes the field's error
            return await self.make_executor().take_over(_failed(error))


async def _given(value: Any) -> Any:
    return value


async def _failed(error: Exception) -> Any:
    raise error
