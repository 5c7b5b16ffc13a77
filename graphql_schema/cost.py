"""What an operation costs: its fields times the page sizes above them (design section 8).

Compiled once a plan into one number, or into a small tree where variables give page sizes; a request then only
multiplies. Introspection is counted apart, by the size of the schema. How long a series, a timeline or a report is, its
resolver alone knows: it charges each row before it reads any (`Context.charge`), to the same points.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)

from graphql_schema.limits import FAR

PAGE_ARGUMENT = "first"
PAGE_MAX = 100  # a resolver refuses a larger page by name, so none costs more
UNPAGED_ROWS = 10  # rows that a list without a page size is taken to have


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows: what the variable says, else `number`."""

    number: int
    variable: str | None = None

    def count(self, variables: Mapping[str, Any]) -> int:
        """Return the number of rows under these variables."""
        given = variables.get(self.variable) if self.variable else None
        return min(max(given, 1), PAGE_MAX) if isinstance(given, int) else self.number


@dataclass(frozen=True, slots=True)
class Cost:
    """Points that are certain, and parts that are paid once a row."""

    points: int = 0
    parts: tuple[tuple[Rows, "Cost"], ...] = ()

    def total(self, variables: Mapping[str, Any]) -> int:
        """Return the points under these variables."""
        return min(FAR, self.points + sum(rows.count(variables) * part.total(variables) for rows, part in self.parts))


ONE = Rows(1)


class Pricer:
    """Prices the operations of one document, which must be valid and of a bounded number of fields."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        """Take the schema and the document's fragments."""
        self._schema = schema
        self._fragments = fragments
        self._types = len(schema.type_map)

    def price(self, operation: OperationDefinitionNode) -> tuple[Cost, list[float]]:
        """Return the cost of an operation without its introspection, and the points of each part of that."""
        root = self._schema.get_root_type(operation.operation)
        introspection: list[float] = []
        cost = self._price_set(operation.selection_set, root, None, introspection)
        return cost, introspection

    def _price_set(
        self,
        selections: SelectionSetNode,
        parent: GraphQLNamedType | None,
        page: Rows | None,
        introspection: list[float],
    ) -> Cost:
        points = 0
        parts: list[tuple[Rows, Cost]] = []
        for selection in selections.selections:
            cost = Cost()
            if isinstance(selection, FieldNode):
                cost = self._price_field(selection, parent, page, introspection)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self._fragments[selection.name.value]
                cost = self._price_set(fragment.selection_set, self._type_of(fragment, parent), page, introspection)
            elif isinstance(selection, InlineFragmentNode):
                cost = self._price_set(selection.selection_set, self._type_of(selection, parent), page, introspection)
            points += cost.points
            parts += cost.parts
        return Cost(min(FAR, points), tuple(parts))

    def _type_of(self, fragment: Any, parent: GraphQLNamedType | None) -> GraphQLNamedType | None:
        condition = fragment.type_condition
        return self._schema.get_type(condition.name.value) if condition else parent

    def _price_field(
        self, node: FieldNode, parent: GraphQLNamedType | None, page: Rows | None, introspection: list[float]
    ) -> Cost:
        name = node.name.value
        if name in {"__schema", "__type"}:
            introspection.append(self._price_introspection(node.selection_set))
            return Cost()
        if node.selection_set is None or not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return Cost(1)
        field = parent.fields[name]
        own_page = _page_of(node, field)
        inner = self._price_set(node.selection_set, get_named_type(field.type), own_page, introspection)
        rows = own_page or page or Rows(UNPAGED_ROWS) if _is_list(field) else ONE
        if rows.variable is None and not inner.parts:
            return Cost(min(FAR, 1 + rows.number * inner.points))
        if rows is ONE:
            return Cost(1 + inner.points, inner.parts)
        return Cost(1, ((rows, inner),))

    def _price_introspection(self, selections: SelectionSetNode | None) -> float:
        points = 0.0
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                name = selection.name.value
                rows = self._types if name == "types" else INTROSPECTED_ROWS.get(name, 1.0)
                points += 1 + rows * self._price_introspection(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode):
                points += self._price_introspection(self._fragments[selection.name.value].selection_set)
            elif isinstance(selection, InlineFragmentNode):
                points += self._price_introspection(selection.selection_set)
        return min(FAR, points)


# This schema's own averages, rounded up: of a type (most have no fields), of a field, of the schema.
INTROSPECTED_ROWS = {
    "fields": 4.0,
    "inputFields": 1.5,
    "enumValues": 1.0,
    "args": 0.2,
    "possibleTypes": 0.2,
    "interfaces": 0.2,
    "directives": 8.0,
}


def _is_list(field: GraphQLField) -> bool:
    return isinstance(get_nullable_type(field.type), GraphQLList) and not is_leaf_type(get_named_type(field.type))


def _page_of(node: FieldNode, field: GraphQLField) -> Rows | None:
    """Return the page size that the field is asked for, or None if it has no pages."""
    argument = field.args.get(PAGE_ARGUMENT)
    if argument is None:
        return None
    default = argument.default_value if isinstance(argument.default_value, int) else UNPAGED_ROWS
    for given in node.arguments or ():
        if given.name.value == PAGE_ARGUMENT:
            if isinstance(given.value, VariableNode):
                return Rows(default, given.value.name.value)
            if isinstance(given.value, IntValueNode):
                return Rows(min(max(int(given.value.value), 1), PAGE_MAX))
    return Rows(default)
