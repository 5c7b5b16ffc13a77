"""What the three record mutations share: the limits of a batch, what becomes of each item, and the answer.

Promises that accepted + duplicates + rejected equals what was sent, and that one bad item costs only itself. Pure: the
writing is in `database/batches.py` (events: `usage/recording.py`), what an item must be is each domain's part.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from app.errors import AppError, ErrorCode

MAX_ITEMS = 500
ITEM_MAX_BYTES = 32_768
TEXT_MAX_BYTES = 8_192
AHEAD = timedelta(hours=1)
CUT_NOTE = "… [cut]"

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one item was not taken; names the field, never shows the value."""

    index: int
    code: str
    message: str
    id: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """An item that does not have the shape of its input type; made where variables are read."""

    message: str
    id: str | None = None
    field: str | None = None


@dataclass(slots=True)
class IngestResult:
    """The answer to a batch."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    places: frozenset[int] = frozenset()  # where the accepted ones stood in the batch, where a writer tells


class ItemError(Exception):
    """This item cannot be taken: which field, and what it must be (completes "must ...")."""

    def __init__(self, field_name: str, expected: str) -> None:
        """Keep the field's path inside the item and what is expected of it."""
        super().__init__(expected)
        self.field = field_name
        self.expected = expected
        self.message = f"{field_name} must {expected}."

    def below(self, part: str) -> "ItemError":
        """Return the same of an item in which that item is a part."""
        return ItemError(f"{part}.{self.field}", self.expected)


def check_batch(items: Sequence[object], argument: str) -> None:
    """Raise `PAYLOAD_TOO_LARGE` for more than 500 items."""
    if len(items) > MAX_ITEMS:
        raise AppError(
            ErrorCode.PAYLOAD_TOO_LARGE,
            f"{argument} takes at most {MAX_ITEMS} items a call; {len(items)} were sent.",
            field=argument,
            limit="items",
            actual=len(items),
            maximum=MAX_ITEMS,
        )


def sort_items(
    items: Sequence[Item | Malformed], to_document: Callable[[Item], dict[str, Any]], id_field: str
) -> tuple[list[tuple[int, dict[str, Any]]], list[Rejection]]:
    """Return the documents of the good items with their places in the batch, and a rejection for each of the others."""
    documents: list[tuple[int, dict[str, Any]]] = []
    rejected: list[Rejection] = []
    for index, item in enumerate(items):
        if isinstance(item, Malformed):
            rejected.append(Rejection(index, ErrorCode.BAD_USER_INPUT, item.message, item.id, item.field))
            continue
        try:
            documents.append((index, to_document(item)))
        except ItemError as error:
            identity = _item_id(item, id_field)
            rejected.append(Rejection(index, ErrorCode.BAD_USER_INPUT, error.message, identity, error.field))
    return documents, rejected


def with_ids(result: IngestResult, items: Sequence[Item | Malformed], id_field: str) -> IngestResult:
    """Name in each rejection that does not tell it the id that its item was sent with; a writer knows places only."""
    for number, rejection in enumerate(result.rejected):
        item = items[rejection.index]
        if rejection.id is None and not isinstance(item, Malformed):
            result.rejected[number] = replace(rejection, id=_item_id(item, id_field))
    return result


def _item_id(item: Item, id_field: str) -> str | None:
    if id_field not in item and len(item) == 1:  # a @oneOf wrapper
        (item,) = item.values()
    value = item.get(id_field)
    return value[:ID_MAX_CHARACTERS] if isinstance(value, str) else None


ID_MAX_CHARACTERS = 100


def check_id(field_name: str, value: str) -> str:
    """Return an id that a client chose, or raise `ItemError`: 1 to 100 printable characters."""
    if not 0 < len(value) <= ID_MAX_CHARACTERS or not value.isprintable():
        raise ItemError(field_name, f"have 1 to {ID_MAX_CHARACTERS} printable characters")
    return value


def check_moment(field_name: str, moment: datetime, now: datetime, back: timedelta) -> datetime:
    """Return a client's time that lies between `back` before and one hour after `now`, or raise `ItemError`."""
    if not now - back <= moment <= now + AHEAD:
        ahead = AHEAD.seconds // 3600
        raise ItemError(field_name, f"lie between {back.days} days back and {ahead} hour ahead of the server's time")
    return moment


def check_line(field_name: str, value: str, longest: int = 256) -> str:
    """Return a short text, of at most `longest` characters, or raise `ItemError`."""
    if len(value) > longest or "\x00" in value:
        raise ItemError(field_name, f"have at most {longest} characters and no NUL")
    return value


def cut_text(value: str, longest_bytes: int = TEXT_MAX_BYTES) -> tuple[str, bool]:
    """Return free text cut to `longest_bytes` of UTF-8 with a note, and whether it was cut."""
    encoded = value.encode()
    if len(encoded) <= longest_bytes:
        return value, False
    kept = encoded[: longest_bytes - len(CUT_NOTE.encode())].decode(errors="ignore")
    return kept + CUT_NOTE, True
