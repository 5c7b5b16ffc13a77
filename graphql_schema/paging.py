"""Relay connections: edges with cursors, page info, and `nodes` for people who do not want edges."""

from typing import Annotated, Generic, TypeVar

import strawberry

from graphql_schema.guards import inherits

Node = TypeVar("Node")

First = Annotated[int, strawberry.argument(description="How many, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor after which to go on.")]


@inherits
@strawberry.type(description="Where a page ends.")
class PageInfo:
    """Whether more follows, and after which cursor."""

    has_next_page: bool
    end_cursor: str | None


@inherits
@strawberry.type
class Edge(Generic[Node]):
    """One row with its cursor."""

    node: Node
    cursor: str


@inherits
@strawberry.type
class Connection(Generic[Node]):
    """One page of rows."""

    edges: list[Edge[Node]]
    nodes: list[Node]
    page_info: PageInfo
