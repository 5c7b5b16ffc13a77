"""The fields that the operations of a planned document select, fragments spread, each once a path and coordinate. Pure.

The plan has bounded how many there can be; nothing is executed. `@skip` and `@include` count where they say it without
a variable.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    get_named_type,
)

from graphql_schema.guards import Guard, guard_of
from graphql_schema.plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class SelectedField:
    """One field: where it stands in the answer, which field of which type it is, what guards it."""

    operation: str | None
    path: str
    type_name: str
    node: FieldNode
    guard: Guard | None
    parent: "SelectedField | None"

    @property
    def name(self) -> str:
        """The field's name."""
        return self.node.name.value

    @property
    def coordinate(self) -> str:
        """The field's coordinate, such as `User.profile`."""
        return f"{self.type_name}.{self.name}"

    def literal(self, argument: str) -> str | None:
        """Return the text that the document itself gives an argument, None where a variable or nothing does."""
        for given in self.node.arguments or ():
            if given.name.value == argument and isinstance(given.value, StringValueNode):
                return given.value.value
        return None


class FieldWalk:
    """One walk through a document."""

    def __init__(self, schema: GraphQLSchema, plan: Plan) -> None:
        """Take the schema and a plan of one of its documents."""
        self._schema = schema
        self._plan = plan
        self._found: dict[tuple[str | None, str, str], SelectedField] = {}

    def fields(self) -> list[SelectedField]:
        """Return the fields in the order of the document, parents before children."""
        for name, operation in self._plan.operations.items():
            root = self._schema.get_root_type(operation.operation)
            self._walk(name, operation.selection_set, root, None)
        return list(self._found.values())

    def _walk(
        self,
        operation: str | None,
        selections: SelectionSetNode | None,
        type_: GraphQLNamedType | None,
        parent: SelectedField | None,
    ) -> None:
        if selections is None or not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            return
        for owner, node in self._fields_of(selections, type_):
            name = node.name.value
            if name == "__typename":
                continue
            step = node.alias.value if node.alias else name
            path = f"{parent.path}.{step}" if parent else step
            field = owner.fields.get(name)
            guard = guard_of(owner.name, field) if field else None
            made = SelectedField(operation, path, owner.name, node, guard, parent)
            found = self._found.setdefault((operation, path, made.coordinate), made)
            if field is not None:  # introspection tells of the schema, not of anybody
                self._walk(operation, node.selection_set, get_named_type(field.type), found)

    def _fields_of(
        self, selections: SelectionSetNode, type_: GraphQLObjectType | GraphQLInterfaceType
    ) -> Iterator[tuple[GraphQLObjectType | GraphQLInterfaceType, FieldNode]]:
        """Give each field with the type that it is selected on."""
        for selection in selections.selections:
            if _is_left_out(selection):
                continue
            if isinstance(selection, FieldNode):
                yield type_, selection
                continue
            fragment: InlineFragmentNode | FragmentDefinitionNode | None = None
            if isinstance(selection, FragmentSpreadNode):
                fragment = self._plan.fragments[selection.name.value]
            elif isinstance(selection, InlineFragmentNode):
                fragment = selection
            if fragment is None or fragment.selection_set is None:
                continue
            condition = fragment.type_condition
            on = self._schema.type_map[condition.name.value] if condition else type_
            if isinstance(on, GraphQLObjectType | GraphQLInterfaceType):
                yield from self._fields_of(fragment.selection_set, on)


def _is_left_out(selection: SelectionNode) -> bool:
    directives: tuple[DirectiveNode, ...] = tuple(getattr(selection, "directives", None) or ())
    for directive in directives:
        leaves_out_when = {"skip": True, "include": False}.get(directive.name.value)
        for argument in directive.arguments or ():
            if isinstance(argument.value, BooleanValueNode) and argument.value.value is leaves_out_when:
                return True
    return False
