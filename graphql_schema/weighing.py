"""The shape of a document: depth, aliases, fields, directives, root fields, with fragments spread, in linear time.

Each fragment is weighed once and its weight reused wherever it is spread, so a document of nested spreads costs no more
to refuse than to read. Runs on the parsed text, before validation does anything expensive; rows are `cost.py`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from app.errors import AppError, ErrorCode
from graphql_schema.limits import FAR, LIMITS, Limits, check


@dataclass(slots=True)
class Weight:
    """What one selection set weighs, fragments spread."""

    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    fields: int = 0
    root_fields: int = 0
    directives: int = 0

    def add(self, other: "Weight") -> None:
        """Add a part that stands on the same level."""
        self.depth = max(self.depth, other.depth)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.aliases = min(FAR, self.aliases + other.aliases)
        self.fields = min(FAR, self.fields + other.fields)
        self.root_fields = min(FAR, self.root_fields + other.root_fields)
        self.directives = min(FAR, self.directives + other.directives)


@dataclass(slots=True)
class Weigher:
    """Weighs the selection sets of one document."""

    fragments: Mapping[str, FragmentDefinitionNode]
    _weighed: dict[str, Weight] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def weigh(self, selections: SelectionSetNode | None) -> Weight:
        """Return the weight of a selection set; raises `BAD_USER_INPUT` for fragments that go in circles."""
        weight = Weight()
        for selection in selections.selections if selections else ():
            weight.directives = min(FAR, weight.directives + len(selection.directives or ()))
            if isinstance(selection, FieldNode):
                weight.add(self._weigh_field(selection))
            elif isinstance(selection, InlineFragmentNode):
                weight.add(self.weigh(selection.selection_set))
            elif isinstance(selection, FragmentSpreadNode):
                weight.add(self.weigh_fragment(selection.name.value))
        return weight

    def _weigh_field(self, node: FieldNode) -> Weight:
        weight = self.weigh(node.selection_set)
        weight.aliases = min(FAR, weight.aliases + (node.alias is not None))
        weight.fields = min(FAR, weight.fields + 1)
        weight.root_fields = 1
        if node.name.value.startswith("__"):
            # Introspection is deep by nature (the explorer's own query is); it has its own bound.
            weight.introspection_depth = max(weight.introspection_depth, weight.depth + 1)
            weight.depth = 0
        else:
            weight.depth += 1
        return weight

    def weigh_fragment(self, name: str) -> Weight:
        """Return the weight of a fragment; nothing for one that does not exist, which validation names."""
        if name not in self._weighed:
            definition = self.fragments.get(name)
            if definition is None:
                return Weight()
            if name in self._open:
                raise AppError(
                    ErrorCode.BAD_USER_INPUT, "A fragment must not spread itself, directly or through others."
                )
            self._open.add(name)
            self._weighed[name] = self.weigh(definition.selection_set)
        return self._weighed[name]


def check_document(document: DocumentNode, limits: Limits = LIMITS) -> None:
    """Raise `TOO_COMPLEX` that names limit, number and maximum if a part of the document weighs too much."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    weigher = Weigher(fragments)
    for name in fragments:  # unused ones too: validation would walk them
        check("fields", weigher.weigh_fragment(name).fields, limits.fields)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            weight = weigher.weigh(node.selection_set)
            check("depth", weight.depth, limits.depth)
            check("introspection depth", weight.introspection_depth, limits.introspection_depth)
            check("aliases", weight.aliases, limits.aliases)
            check("directives", weight.directives + len(node.directives or ()), limits.directives)
            check("root fields", weight.root_fields, limits.root_fields)
            check("fields", weight.fields, limits.fields)
