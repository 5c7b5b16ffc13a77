"""Reads one object: strict JSON on a line, or the notation in which the notice itself prints its examples. Pure.

The notice leaves quotes off keys, uses single quotes and comments, and forgets a comma; its examples go in unchanged.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final


class NotationError(ValueError):
    """The text is not one object; says what was expected, never what stands there."""


def read_json(text: str) -> dict[str, Any]:
    """Return the object of a line of JSON; raises `NotationError` for all else, also for a key that stands twice."""
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except NotationError:
        raise
    except ValueError as error:
        place = f" (column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise NotationError(f"one JSON object{place}") from None
    except RecursionError:
        raise NotationError("JSON that is not nested so deeply") from None
    return _check_object(value)


def _check_object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NotationError("one JSON object")
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotationError("text of whole Unicode characters") from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise NotationError("each key once in an object")
    return value


def _refuse_constant(_: str) -> None:
    raise NotationError("numbers that JSON knows")


_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<comment>//[^\n]*)
    |(?P<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    |(?P<number>-?\d+(?:\.\d+)?)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<sign>[{}:,])
    |(?P<end>\Z))""",
    re.VERBOSE,
)
_WORDS: Final = {"true": True, "false": False, "null": None}
_Token = tuple[str, str]


def read_notice_notation(text: str) -> dict[str, Any]:
    """Return the object of an example as the notice prints it; raises `NotationError`."""
    tokens = _tokens(text)
    try:
        value = _read_value(tokens, next(tokens))
        ended = next(tokens)[0] == "end"
    except (StopIteration, RecursionError):
        raise NotationError("one object in the notice's notation") from None
    if not ended:
        raise NotationError("one object in the notice's notation, and nothing after it")
    return _check_object(value)


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while True:
        match = _TOKEN.match(text, place)
        if match is None:
            raise NotationError("one object in the notice's notation")
        place, kind = match.end(), str(match.lastgroup)
        if kind != "comment":
            yield kind, match[kind]
        if kind == "end":
            return


def _read_value(tokens: Iterator[_Token], token: _Token) -> Any:  # noqa: ANN401 - any JSON
    kind, text = token
    if token == ("sign", "{"):
        return _read_members(tokens)
    if kind == "text":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if kind == "number":
        return json.loads(text)
    if kind == "word" and text in _WORDS:
        return _WORDS[text]
    raise NotationError("a value after each key")


def _read_members(tokens: Iterator[_Token]) -> dict[str, Any]:
    pairs: list[tuple[str, Any]] = []
    while True:
        kind, text = next(tokens)
        if (kind, text) == ("sign", "}"):
            return _unique(pairs)
        if (kind, text) == ("sign", ","):  # the notice forgets one; none is needed
            continue
        if kind not in ("word", "text") or next(tokens) != ("sign", ":"):
            raise NotationError("a key and a colon before each value")
        key = text if kind == "word" else text[1:-1]
        pairs.append((key, _read_value(tokens, next(tokens))))
