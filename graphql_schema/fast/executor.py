"""The fast way: plain records become rows by small compiled functions instead of one graphql-core call a field.

Only fields without resolver, argument or guard take it; all else goes the ordinary way of graphql-core, whose executor
this one extends. What a compiled function meets and does not expect (a null where none may be, a value of another type)
raises `Unexpected`, and the ordinary way completes that value again and words the error: accept fast, explain slowly.
Compiled parts belong to a document without directives and are kept with its plan; `FAST_EXECUTION=false` turns it off.
"""

import inspect
from collections.abc import Callable, Mapping
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
    is_abstract_type,
)
from graphql.execution.collect_fields import FieldDetails, collect_fields
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graphql_schema.fast.rows import (
    SCALARS,
    Complete,
    Row,
    Unexpected,
    enum_completer,
    is_plain,
    list_completer,
    not_null,
    reader,
    row_of,
)

FieldGroup = list[FieldDetails]


@dataclass(slots=True)
class Compiled:
    """What is kept with an operation's plan: collected fields, and the compiled rows by type and selection."""

    root: dict[str, FieldGroup] | None = None
    collected: dict[Any, Any] = field(default_factory=dict)
    selections: dict[tuple[str, int], "Selection"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection set on one object type: its plain fields compiled; `row` if all of them are plain."""

    plain: Mapping[str, Callable[[Any], Any]]
    row: Row | None


class OrdinaryExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor as it is: the reference."""

    compiled: Compiled

    async def run(self) -> ExecutionResult:
        """Execute the operation."""
        result = self.execute_operation()
        return cast("ExecutionResult", await result if inspect.isawaitable(result) else result)


class FastExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor with compiled rows."""

    compiled: Compiled

    async def run(self) -> ExecutionResult:
        """Execute the operation; errors are collected as graphql-core does."""
        compiled, operation = self.compiled, self.operation.operation
        root_type = cast("GraphQLObjectType", self.schema.get_root_type(operation))
        if compiled.root is None:
            found = collect_fields(self.schema, self.fragments, self.variable_values, root_type, self.operation)
            compiled.root = found[0]
        self._relevant_sub_fields = compiled.collected
        data: Any = None
        try:
            data = self.execute_root_grouped_field_set(
                root_type, self.root_value, compiled.root, operation is OperationType.MUTATION, None
            )
            if not isinstance(data, dict):
                data = await data
        except GraphQLError as error:
            self.collected_errors.add(error, None)
            data = None
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
        if selection.row is not None:
            try:
                return selection.row(result)
            except Unexpected:
                return super().collect_and_execute_subfields(return_type, group, path, result, position)
        if not selection.plain:
            return super().collect_and_execute_subfields(return_type, group, path, result, position)
        return self._execute_mixed(selection, return_type, group, path, result, position)

    def _execute_mixed(
        self,
        selection: Selection,
        type_: GraphQLObjectType,
        group: FieldGroup,
        path: Any,
        source: Any,
        position: Any,
    ) -> Any:
        fields = self.collect_subfields(type_, group)[0]
        rest = {name: details for name, details in fields.items() if name not in selection.plain}
        try:
            ready = {name: read(source) for name, read in selection.plain.items()}
        except Unexpected:
            return self.execute_fields(type_, source, path, fields, position)
        results = self.execute_fields(type_, source, path, rest, position)
        if isinstance(results, dict):
            return {name: ready[name] if name in ready else results[name] for name in fields}

        async def join() -> dict[str, Any]:
            awaited = await results
            return {name: ready[name] if name in ready else awaited[name] for name in fields}

        return join()

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
                    return [complete(item) for item in result]
                except Unexpected:
                    pass
        return super().complete_list_value(return_type, group, info, path, result, position)

    def _item_completer(self, item_type: GraphQLOutputType, group: FieldGroup) -> Complete | None:
        named = item_type.of_type if isinstance(item_type, GraphQLNonNull) else item_type
        if isinstance(named, GraphQLObjectType):
            return self.select(named, group).row
        if is_abstract_type(named):
            return self._abstract_row(named, group)
        return None

    def _abstract_row(self, named: GraphQLAbstractType, group: FieldGroup) -> Complete | None:
        rows = {type_.name: self.select(type_, group).row for type_ in self.schema.get_possible_types(named)}
        resolve_type = named.resolve_type
        if resolve_type is None or None in rows.values():
            return None

        def complete(item: Any) -> dict[str, Any]:
            row = rows.get(resolve_type(item, None, named)) if type(item) is dict else None  # type: ignore[arg-type]
            if row is None:
                raise Unexpected
            return row(item)

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
        plain: dict[str, Callable[[Any], Any]] = {}
        for response_name, details in fields.items():
            read = self._compile_field(type_, details)
            if read is not None:
                plain[response_name] = read
        return Selection(plain, row_of(plain) if len(plain) == len(fields) else None)

    def _compile_field(self, type_: GraphQLObjectType, details: FieldGroup) -> Callable[[Any], Any] | None:
        name = details[0].node.name.value
        if name == "__typename":
            return lambda _: type_.name
        definition = type_.fields[name]
        if not is_plain(definition):
            return None
        complete = self._completer(definition.type, details)
        return None if complete is None else reader(name, definition, complete)

    def _completer(self, type_: GraphQLOutputType, details: FieldGroup) -> Complete | None:
        if isinstance(type_, GraphQLNonNull):
            return self._completer_of(type_.of_type, details)
        inner = self._completer_of(type_, details)
        return None if inner is None else lambda value: None if value is None else inner(value)

    def _completer_of(self, type_: GraphQLOutputType, details: FieldGroup) -> Complete | None:
        if isinstance(type_, GraphQLScalarType):
            return SCALARS.get(type_.name)
        if isinstance(type_, GraphQLEnumType):
            return enum_completer(type_)
        if isinstance(type_, GraphQLObjectType):
            row = self.select(type_, details).row
            return None if row is None else not_null(row)
        if isinstance(type_, GraphQLList):
            item = self._completer(type_.of_type, details)
            return None if item is None else list_completer(item)
        return None
