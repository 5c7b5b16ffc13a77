"""What a document may weigh (design section 8), found with fragments spread and in time linear in the document.

Each fragment is weighed once and its weight reused wherever it is spread, so a document of nested spreads costs no more
to refuse than to read. Runs on the parsed text, before validation does anything expensive.
"""

from collections.abc import Iterator, Mapping
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


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest document that is run."""

    characters: int = 100_000
    tokens: int = 1_000
    depth: int = 10
    introspection_depth: int = 16
    aliases: int = 30
    root_fields: int = 20
    directives: int = 50
    cost: int = 5_000


LIMITS = Limits()
FAR = 1_000_000  # weights stop growing here: a bomb's true weight has thousands of digits


@dataclass(slots=True)
class Weight:
    """What one selection set weighs, fragments spread."""

    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    fields: int = 0
    directives: int = 0

    def add(self, other: "Weight", *, below: int = 0) -> None:
        """Add a part that lies `below` levels deeper."""
        self.depth = max(self.depth, other.depth + below if other.depth or below else 0)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.aliases = min(FAR, self.aliases + other.aliases)
        self.fields = min(FAR, self.fields + other.fields)
        self.directives = min(FAR, self.directives + other.directives)


@dataclass(slots=True)
class Weigher:
    """Weighs the operations of one document."""

    fragments: Mapping[str, FragmentDefinitionNode]
    _weighed: dict[str, Weight] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def weigh(self, selections: SelectionSetNode | None) -> Weight:
        """Return the weight of a selection set."""
        weight = Weight()
        for selection in selections.selections if selections else ():
            weight.directives = min(FAR, weight.directives + len(selection.directives or ()))
            if isinstance(selection, FieldNode):
                self._add_field(weight, selection)
            elif isinstance(selection, InlineFragmentNode):
                weight.add(self.weigh(selection.selection_set))
            elif isinstance(selection, FragmentSpreadNode):
                weight.add(self._weigh_fragment(selection.name.value))
        return weight

    def _add_field(self, weight: Weight, node: FieldNode) -> None:
        inner = self.weigh(node.selection_set)
        weight.aliases = min(FAR, weight.aliases + (node.alias is not None))
        weight.fields = min(FAR, weight.fields + 1)
        if node.name.value.startswith("__"):
            # Introspection is deep by nature (the explorer's own query is); it has its own bound.
            inner.introspection_depth = max(inner.introspection_depth, inner.depth + 1)
            inner.depth = 0
            weight.add(inner)
        else:
            weight.add(inner, below=1)

    def _weigh_fragment(self, name: str) -> Weight:
        if name not in self._weighed:
            definition = self.fragments.get(name)
            if definition is None or name in self._open:
                return Weight()  # validation names unknown and circular fragments
            self._open.add(name)
            self._weighed[name] = self.weigh(definition.selection_set)
            self._open.discard(name)
        return self._weighed[name]

    def count_root_fields(self, selections: SelectionSetNode) -> int:
        """Return the number of root fields, fragments spread."""
        counted: dict[str, int] = {}
        return min(FAR, sum(self._count_roots(selection, counted) for selection in selections.selections))

    def _count_roots(self, selection: object, counted: dict[str, int]) -> int:
        if isinstance(selection, FieldNode):
            return 1
        if isinstance(selection, InlineFragmentNode):
            return min(FAR, sum(self._count_roots(part, counted) for part in selection.selection_set.selections))
        if isinstance(selection, FragmentSpreadNode):
            name = selection.name.value
            if name not in counted:
                counted[name] = 0  # also ends a circle
                definition = self.fragments.get(name)
                parts = definition.selection_set.selections if definition else ()
                counted[name] = min(FAR, sum(self._count_roots(part, counted) for part in parts))
            return counted[name]
        return 0


def check_document(document: DocumentNode, limits: Limits = LIMITS) -> None:
    """Raise `TOO_COMPLEX` that names limit, number and maximum if an operation of the document weighs too much."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    weigher = Weigher(fragments)
    for operation in _operations(document):
        weight = weigher.weigh(operation.selection_set)
        check("depth", weight.depth, limits.depth)
        check("introspection depth", weight.introspection_depth, limits.introspection_depth)
        check("aliases", weight.aliases, limits.aliases)
        check("directives", weight.directives + len(operation.directives or ()), limits.directives)
        check("root fields", weigher.count_root_fields(operation.selection_set), limits.root_fields)


def _operations(document: DocumentNode) -> Iterator[OperationDefinitionNode]:
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            yield node


def check(limit: str, actual: int, maximum: int) -> None:
    """Raise `TOO_COMPLEX` if `actual` is above `maximum`."""
    if actual > maximum:
        number = f"at least {actual}" if actual >= FAR else str(actual)
        raise AppError(
            ErrorCode.TOO_COMPLEX,
            f"The operation has {number} {limit}; at most {maximum} are allowed.",
            limit=limit,
            actual=actual,
            maximum=maximum,
        )
