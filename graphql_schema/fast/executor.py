"""The fast way: plain records become rows by small compiled functions instead of one graphql-core call a field.

Only fields that are read as they are, or given at once by a resolver without arguments, take it; all else goes the
ordinary way of graphql-core, whose executor this one extends. What a compiled function meets and does not expect (a
null where none may be, a value of another type, a refusal) raises `Unexpected`, and the ordinary way completes that
value again and words the error: accept fast, explain slowly.
Compiled parts belong to a document without directives and are kept with its plan; `FAST_EXECUTION=false` turns it off.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    ExecutionResult,
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    OperationType,
    get_nullable_type,
    is_abstract_type,
)
from graphql.execution.collect_fields import FieldDetails, collect_fields
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graphql_schema.fast.reads import Read
from graphql_schema.fast.rows import (
    CHECKS,
    Complete,
    Completion,
    Row,
    Step,
    Unexpected,
    compile_row,
    complete_enum,
    complete_list_of,
    is_plain,
    is_prompt,
    step_for,
)
from graphql_schema.fast.sealed import are_sealed, execute_sealed
from graphql_schema.fast.variables import Variable

FieldGroup = list[FieldDetails]


@dataclass(slots=True)
class Compiled:
    """What is kept with an operation's plan: variables, collected fields, rows by type and selection, projections."""

    root: dict[str, FieldGroup] | None = None
    read: Read | None = None
    variables: tuple[Variable, ...] | None = None
    collected: dict[Any, Any] = field(default_factory=dict)
    selections: dict[tuple[str, int], "Selection"] = field(default_factory=dict)
    selected: dict[Any, Any] = field(default_factory=dict)  # what `projecting` found


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection set on one object type: `row` makes its plain fields, `rest` are the others, `names` all in order."""

    row: Row | None
    rest: dict[str, FieldGroup]
    names: tuple[str, ...]

    @property
    def whole(self) -> Row | None:
        """The row if all fields are plain."""
        return None if self.rest else self.row


def let_go(executor: StrawberryGraphQLCoreExecutionContext) -> None:
    """Open the circle of an executor and graphql-core's helpers of it: else all that an operation was sent stays.

    A batch of 100 events was 200 dicts that waited for the next full collection.
    """
    executor.async_helpers = None  # type: ignore[assignment]


class OrdinaryExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor as it is: the reference."""

    compiled: Compiled

    async def run(self) -> ExecutionResult:
        """Execute the operation."""
        try:
            result = self.execute_operation()
            return cast("ExecutionResult", await result if inspect.isawaitable(result) else result)
        finally:
            let_go(self)


class FastExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor with compiled rows."""

    compiled: Compiled

    async def run(self) -> ExecutionResult:
        """Execute the operation; errors are collected as graphql-core does."""
        root_type, fields = self._root()
        one_by_one = self.operation.operation is OperationType.MUTATION
        return await self._answer(
            lambda: self.execute_root_grouped_field_set(root_type, self.root_value, fields, one_by_one, None)
        )

    async def take_over(self, outcome: Awaitable[Any]) -> ExecutionResult:
        """Complete the only root field, given what came of its resolver (see `reads.py`)."""
        root_type, fields = self._root()
        ((name, details),) = fields.items()
        field = root_type.fields[details[0].node.name.value]
        path = Path(None, name, root_type.name)
        info = self.build_resolve_info(field, [each.node for each in details], root_type, path)

        async def complete() -> dict[str, Any]:
            return {name: await self.complete_awaitable_value(field.type, details, info, path, outcome, None)}

        return await self._answer(complete)

    def compile_read(self) -> Read | None:
        """Return the operation as one compiled read, if it is one."""
        if self.operation.operation is not OperationType.QUERY:
            return None
        root_type, fields = self._root()
        if len(fields) != 1:
            return None
        ((name, details),) = fields.items()
        field = root_type.fields.get(details[0].node.name.value)
        type_ = get_nullable_type(field.type) if field is not None else None
        row = self.select(type_, details).whole if isinstance(type_, GraphQLObjectType) else None
        if field is None or field.resolve is None or row is None:
            return None
        return Read(name, field, [each.node for each in details], root_type, row)

    def _root(self) -> tuple[GraphQLObjectType, dict[str, FieldGroup]]:
        compiled = self.compiled
        root_type = cast("GraphQLObjectType", self.schema.get_root_type(self.operation.operation))
        if compiled.root is None:
            found = collect_fields(self.schema, self.fragments, self.variable_values, root_type, self.operation)
            compiled.root = found[0]
        self._relevant_sub_fields = compiled.collected
        return root_type, compiled.root

    async def _answer(self, execute: Callable[[], Any]) -> ExecutionResult:
        data: Any = None
        try:
            data = execute()
            if not isinstance(data, dict):
                data = await data
        except GraphQLError as error:
            self.collected_errors.add(error, None)
            data = None
        finally:
            let_go(self)
        return cast("ExecutionResult", self.build_response(data))

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        group: FieldGroup,
        path: Any,
        result: Any,
        position: Any,
    ) -> Any:
        """Complete an object: by its compiled row, or field by field where not all are plain."""
        selection = self.select(return_type, group)
        if selection.row is None:
            return super().collect_and_execute_subfields(return_type, group, path, result, position)
        try:
            ready = selection.row(result, self.context_value)
        except Unexpected:
            return super().collect_and_execute_subfields(return_type, group, path, result, position)
        if not selection.rest:
            return ready
        rest = self.execute_fields(return_type, result, path, selection.rest, position)
        if isinstance(rest, dict):
            return _in_order(selection.names, ready, rest)
        return _join(selection.names, ready, rest)

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Any,
        grouped_field_set: Any,
        position_context: Any,
    ) -> Any:
        """Execute fields: an object's restricted ones together."""
        if are_sealed(parent_type, grouped_field_set):
            return execute_sealed(self, parent_type, source_value, path, grouped_field_set)
        return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)

    def complete_list_value(
        self,
        return_type: Any,
        group: FieldGroup,
        info: Any,
        path: Any,
        result: Any,
        position: Any,
    ) -> Any:
        """Complete a list: of plain records in one go."""
        if type(result) is list:
            complete = self._item_completer(return_type.of_type, group)
            if complete is not None:
                try:
                    context = self.context_value
                    return [complete(item, context) for item in result]
                except Unexpected:
                    pass
        return super().complete_list_value(return_type, group, info, path, result, position)

    def _item_completer(self, item_type: GraphQLOutputType, group: FieldGroup) -> Complete | None:
        named = item_type.of_type if isinstance(item_type, GraphQLNonNull) else item_type
        if isinstance(named, GraphQLObjectType):
            return self.select(named, group).whole
        if is_abstract_type(named):
            return self._abstract_row(named, group)
        return None

    def _abstract_row(self, named: GraphQLAbstractType, group: FieldGroup) -> Complete | None:
        rows = {type_.name: self.select(type_, group).whole for type_ in self.schema.get_possible_types(named)}
        resolve_type = named.resolve_type
        if resolve_type is None or None in rows.values():
            return None

        def complete(item: Any, context: Any) -> dict[str, Any]:
            row = rows.get(resolve_type(item, None, named)) if type(item) is dict else None  # type: ignore[arg-type]
            if row is None:
                raise Unexpected
            return row(item, context)

        return complete

    def select(self, type_: GraphQLObjectType, group: FieldGroup) -> Selection:
        """Return the compiled selection of `group` on an object type."""
        key = (type_.name, id(group))
        known = self.compiled.selections.get(key)
        if known is None:
            known = self.compiled.selections[key] = self._compile(type_, group)
        return known

    def _compile(self, type_: GraphQLObjectType, group: FieldGroup) -> Selection:
        fields = self.collect_subfields(type_, group)[0]
        steps: list[Step] = []
        constants: dict[str, str] = {}
        for response_name, details in fields.items():
            name = details[0].node.name.value
            if name == "__typename":
                constants[response_name] = type_.name
            elif is_plain(type_.fields[name]) or is_prompt(type_.fields[name]):
                completion = self._completion(type_.fields[name].type, details)
                if completion is not None:
                    steps.append(step_for(response_name, name, type_, completion))
        made = {*constants, *(step.response_name for step in steps)}
        rest = {name: details for name, details in fields.items() if name not in made}
        has_row = made or not rest  # of an interface's types one may have no field at all
        row = compile_row(steps, constants, [name for name in fields if name not in rest]) if has_row else None
        return Selection(row, rest, tuple(fields))

    def _completion(self, type_: GraphQLOutputType, details: FieldGroup) -> Completion | None:
        nullable = not isinstance(type_, GraphQLNonNull)
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if isinstance(inner, GraphQLScalarType):
            check = CHECKS.get(inner.name)
            return None if check is None else Completion(nullable, check=check)
        function: Complete | None = None
        if isinstance(inner, GraphQLEnumType):
            function = complete_enum(inner)
        elif isinstance(inner, GraphQLObjectType):
            function = self.select(inner, details).whole
        elif is_abstract_type(inner):
            function = self._abstract_row(inner, details)
        elif isinstance(inner, GraphQLList):
            item = self._completion(inner.of_type, details)
            function = None if item is None else complete_list_of(item)
        return None if function is None else Completion(nullable, function=function)


def _in_order(names: Sequence[str], ready: Mapping[str, Any], rest: Mapping[str, Any]) -> dict[str, Any]:
    return {name: ready[name] if name in ready else rest[name] for name in names}


async def _join(names: Sequence[str], ready: Mapping[str, Any], rest: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return _in_order(names, ready, await rest)
