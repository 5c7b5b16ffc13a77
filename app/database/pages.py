"""Key-set pages: stable while rows arrive, at the same cost on the last page as on the first.

A cursor is opaque to clients; what it decodes to is checked like any other input.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from bson import ObjectId
from bson.errors import InvalidId

from app.database.client import Document
from app.database.rows import find_rows
from app.errors import bad_input

MAX_FIRST = 100
Key = tuple[datetime | None, str | ObjectId]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """How many rows, and after which one."""

    first: int
    after: Key | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows, in the shape of a Relay connection.

    Cursors are made from `sort_field` of the nodes, or of `keys`, their documents, where nodes are something else.
    """

    nodes: list[Any]
    has_next: bool
    sort_field: str | None
    keys: list[Document] | None = None

    @property
    def edges(self) -> list[Document]:
        """The rows, each with its cursor."""
        keys = self.nodes if self.keys is None else self.keys
        return [
            {"node": node, "cursor": encode_cursor(key, self.sort_field)}
            for node, key in zip(self.nodes, keys, strict=True)
        ]

    @property
    def page_info(self) -> Document:
        """Whether more follow, and after which cursor."""
        keys = self.nodes if self.keys is None else self.keys
        end = encode_cursor(keys[-1], self.sort_field) if keys else None
        return {"hasNextPage": self.has_next, "endCursor": end}


EMPTY_PAGE = Page([], has_next=False, sort_field=None)


def read_page_request(first: int, after: str | None) -> PageRequest:
    """Return the checked page request; raises `BAD_USER_INPUT` naming `first` or `after`."""
    if not 1 <= first <= MAX_FIRST:
        raise bad_input("first", f"lie between 1 and {MAX_FIRST}")
    return PageRequest(first, None if after is None else decode_cursor(after))


def encode_cursor(row: Document, sort_field: str | None) -> str:
    """Return the opaque cursor of a row."""
    moment = int(row[sort_field].timestamp() * 1000) if sort_field else None
    identity = row["_id"]
    kind = "o" if isinstance(identity, ObjectId) else "s"
    return base64.urlsafe_b64encode(orjson.dumps([moment, kind, str(identity)])).decode().rstrip("=")


def decode_cursor(cursor: str) -> Key:
    """Return the sort key in a cursor, or raise `BAD_USER_INPUT`."""
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        moment, kind, identity = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        when = None if moment is None else datetime.fromtimestamp(int(moment) / 1000, UTC)
        return when, ObjectId(identity) if kind == "o" else str(identity)
    except (ValueError, TypeError, OverflowError, OSError, binascii.Error, InvalidId):
        raise bad_input("after", "be a cursor from an earlier page") from None


async def find_page(
    collection: Any,  # noqa: ANN401 - two drivers share no base
    query: Document,
    page: PageRequest,
    sort_field: str | None = None,
    *,
    projection: Document | None = None,
    moments: Sequence[str] | None = None,
    direction: Literal[1, -1] | None = None,
) -> Page:
    """Return one page of `query`: by `sort_field` then `_id`, newest first; by `_id` upwards without one.

    `projection` and `moments` are those of `find_rows`.
    """
    way = direction or (-1 if sort_field else 1)
    if page.after is not None:
        beyond = _beyond(page.after, sort_field, way)
        query = {"$and": [query, beyond]} if query else beyond
    order = [(sort_field, way), ("_id", way)] if sort_field else [("_id", way)]
    rows = await find_rows(collection, query, projection, moments=moments, limit=page.first + 1, sort=order)
    return Page(rows[: page.first], len(rows) > page.first, sort_field)


def _beyond(key: Key, sort_field: str | None, way: int) -> Document:
    moment, identity = key
    operator = "$lt" if way < 0 else "$gt"
    if sort_field is None:
        return {"_id": {operator: identity}}
    if moment is None:
        raise bad_input("after", "be a cursor from an earlier page of this list")
    return {"$or": [{sort_field: {operator: moment}}, {sort_field: moment, "_id": {operator: identity}}]}
