"""From a piece of the file to the records in it, each in the shape of the mutation that takes it. Pure.

Checks the shape, not the values: those are the server's to judge. What is wrong is told by key and by what is expected;
no value and no text of the file is repeated.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from scripts.notice_json.lines import Piece
from scripts.notice_json.notation import NotationError, read_json, read_notice_notation
from scripts.notice_json.shapes import (
    COUNTS,
    ERROR_NUMBERS,
    ERROR_PARTS,
    EVENTS,
    PROFILES,
    SHAPES,
    Fields,
    Kind,
    kind_of,
)

ENVELOPE: Final = ("id", "time", "company_id")
DIGEST_CHARACTERS: Final = 40
_DIGITS: Final = re.compile(r"[0-9]{1,15}")
_PLAIN_KEY: Final = re.compile(r"[A-Za-z][A-Za-z_ ]{0,39}")

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One record: where it stands, under which key, for which company, and the input of its mutation."""

    line: int
    key: str
    company_id: str | None
    item: dict[str, Any]

    @property
    def kind(self) -> Kind:
        """What it is."""
        return kind_of(self.key)


class MalformedError(Exception):
    """A line or a record in it has not the shape of the notice's JSON; `expected` completes "expected ..."."""

    def __init__(self, expected: str, key: str = "") -> None:
        """Keep what is expected, and under which key."""
        super().__init__(expected)
        self.expected = expected
        self.key = key


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for lines that do not say it: the time of the file's first sending, the company."""

    time: str
    company_id: str | None = None


def read_records(piece: Piece, defaults: Defaults) -> list[Record | MalformedError]:
    """Return the records of a piece, with the fault in the place of each that is malformed."""
    try:
        given = _read_object(piece)
        keys = _record_keys(given)
        envelope = _read_envelope(given, piece, defaults)
    except MalformedError as error:
        return [error]
    read: list[Record | MalformedError] = []
    for key in keys:
        name = envelope["id"] if len(keys) == 1 else f"{envelope['id']}/{key}"
        try:
            item = _read_item(key, given[key], name, envelope["time"])
            read.append(Record(piece.line, key, envelope["company_id"], item))
        except MalformedError as error:
            read.append(error)
    return read


def _read_object(piece: Piece) -> dict[str, Any]:
    if piece.text is None:
        raise MalformedError("a line of at most 256 KiB")
    try:
        text = piece.text.decode()
        given = read_notice_notation(text) if piece.is_block else read_json(text)
    except UnicodeDecodeError:
        raise MalformedError("UTF-8") from None
    except NotationError as error:
        raise MalformedError(str(error)) from None
    for kind in PROFILES:  # the notice prints profiles without a name around them
        if given.keys() - ENVELOPE == SHAPES[kind].keys():
            envelope = {key: value for key, value in given.items() if key in ENVELOPE}
            return {**envelope, kind.value: {key: given[key] for key in SHAPES[kind]}}
    return given


def _record_keys(given: Given) -> list[str]:
    keys = [key for key in given if key not in ENVELOPE]
    unknown = next((key for key in keys if key not in SHAPES), None)
    if unknown is not None or not keys:
        raise MalformedError(f"id, time, company_id and one or more of {', '.join(SHAPES)}", _show(unknown))
    return keys


def _read_envelope(given: Given, piece: Piece, defaults: Defaults) -> dict[str, str]:
    derived = hashlib.sha256(piece.text or b"").hexdigest()[:DIGEST_CHARACTERS]
    # The line's number is a part of the id: the same line twice in a file is two records.
    values = {"id": f"{derived}-{piece.line}", "time": defaults.time, "company_id": defaults.company_id}
    for key in ENVELOPE:
        value = given.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and key == "id":
            value = str(value)
        if value is not None and not isinstance(value, str):
            raise MalformedError("a text", key)
        values[key] = value or values[key]
    return values  # type: ignore[return-value]


def _read_item(key: str, given: object, name: str, time: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise MalformedError(f"an object with {', '.join(SHAPES[key])}", key)
    kind = kind_of(key)
    if kind is Kind.ERROR:
        return {"reportId": name, "occurredAt": time, **_read_error(given)}
    item = _translate(key, SHAPES[key], given)
    if kind in PROFILES:
        return item
    missing = next((field for field, api in SHAPES[key].items() if api not in item), None)
    if missing is not None:
        raise MalformedError("a value", f"{key}.{missing}")
    if kind is Kind.CENSUS:
        return {"recordId": name, "recordedAt": time, **item}
    for field in COUNTS & item.keys():
        item[field] = _to_number(item[field])
    return {EVENTS[key].input_field: {"eventId": name, "occurredAt": time, **item}}


def _read_error(given: Given) -> dict[str, Any]:
    item = _translate("error", SHAPES["error"], {_camel(key): value for key, value in given.items()})
    for part in ERROR_PARTS.keys() & item.keys():
        if isinstance(item[part], dict):
            spelled = {_camel(key): value for key, value in item[part].items()}
            inner = _translate(f"error.{part}", ERROR_PARTS[part], spelled)
            numbers = {field: _to_number(inner[field]) for field in ERROR_NUMBERS & inner.keys()}
            item[part] = {**inner, **numbers}
    if isinstance(item.get("kind"), str):
        item["kind"] = item["kind"].upper()
    return item


def _translate(path: str, fields: Fields, given: Given) -> dict[str, Any]:
    unknown = next((key for key in given if key not in fields), None)
    if unknown is not None:
        raise MalformedError(f"only {', '.join(fields)}", f"{path}.{_show(unknown)}")
    return {fields[key]: value for key, value in given.items()}


def _to_number(value: object) -> object:
    """Return the number that a text of digits says, as the notice writes counts; anything else as it is."""
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value


def _camel(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


def _show(key: str | None) -> str:
    """Return a key to name it, unless it looks like more than a name."""
    return "" if key is None else key if _PLAIN_KEY.fullmatch(key) else "a key"
