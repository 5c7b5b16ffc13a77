"""What an operation selects of an object, so that no more is read from the database than is shown, or paid for.

Names only, fragments spread, type conditions and directives not minded: it may be a field too many, never one too few.
"""

from collections.abc import Iterator
from typing import NamedTuple

from graphql import FieldNode, FragmentSpreadNode, SelectionSetNode

from graphql_schema.fast.reads import ResolverInfo


class Selected(NamedTuple):
    """The fields of the nodes, and whether a cursor is made of them."""

    names: frozenset[str]
    has_cursors: bool


def select_of_nodes(info: ResolverInfo) -> Selected:
    """Return what is selected of the nodes of the connection that `info` is about; kept with the operation's plan."""
    kept: dict[tuple[int, ...], Selected] = info.context.selected  # the nodes live as long as its plan
    key = tuple(map(id, info.field_nodes))
    if key not in kept:
        kept[key] = _select(info)
    return kept[key]


def count_selected(info: ResolverInfo, names: frozenset[str]) -> int:
    """Return how often an operation selects these fields of the object that `info` is about, by other aliases too."""
    fields = (field for node in info.field_nodes for field in _fields(info, node.selection_set))
    return len({(field.alias or field.name).value for field in fields if field.name.value in names})


def _select(info: ResolverInfo) -> Selected:
    names: set[str] = set()
    has_cursors = False
    for connection in info.field_nodes:
        for part in _fields(info, connection.selection_set):
            if part.name.value == "nodes":
                names |= {node.name.value for node in _fields(info, part.selection_set)}
            elif part.name.value == "edges":
                edge = _fields(info, part.selection_set)
                names |= {node.name.value for field in edge for node in _fields(info, field.selection_set)}
                has_cursors = True  # an edge is made with its cursor, selected or not
            elif part.name.value == "pageInfo":
                has_cursors = True
    return Selected(frozenset(names), has_cursors)


def _fields(info: ResolverInfo, selections: SelectionSetNode | None) -> Iterator[FieldNode]:
    for selection in selections.selections if selections else ():
        if isinstance(selection, FieldNode):
            yield selection
        elif isinstance(selection, FragmentSpreadNode):
            yield from _fields(info, info.fragments[selection.name.value].selection_set)
        else:
            yield from _fields(info, getattr(selection, "selection_set", None))
