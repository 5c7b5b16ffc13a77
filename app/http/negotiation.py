"""Which media type an answer takes, by the Accept header of GraphQL over HTTP."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

from app.http.problems import EVENT_STREAM, GRAPHQL_JSON, JSON, HttpError

_ANY = {name: name for name in (JSON, GRAPHQL_JSON, EVENT_STREAM)} | {"*/*": JSON, "application/*": JSON}
OFFERS_MAX = 50
KEPT_HEADERS = 256
KEPT_CHARACTERS = 256  # a longer header is read each time: 256 heads full of inventions are 8 MB

Read = TypeVar("Read")


def remembering(read: Callable[[str], Read]) -> Callable[[str], Read]:
    """Return a reader that remembers what it made of the latest short headers; most callers send the same few."""
    remembered = lru_cache(maxsize=KEPT_HEADERS)(read)

    @wraps(read)
    def read_header(value: str) -> Read:
        return (remembered if len(value) <= KEPT_CHARACTERS else read)(value)

    return read_header


def wants_page(accept: str, query_string: bytes) -> bool:
    """Return whether a browser asks for the explorer."""
    return "text/html" in accept and b"query=" not in query_string


@remembering
def choose_media_type(accept: str) -> str:
    """Return the media type that the caller takes best, the first of equals; raises 406 if it takes none of ours."""
    if not accept.strip():
        return JSON
    offers = sorted(
        (_read_offer(part) for part in accept.split(",", OFFERS_MAX)[:OFFERS_MAX]), key=lambda offer: -offer[1]
    )
    for name, weight in offers:
        if weight > 0 and name in _ANY:
            return _ANY[name]
    raise HttpError(406, f"Answers are {GRAPHQL_JSON}, {JSON} or {EVENT_STREAM}.", field="Accept")


def _read_offer(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("charset=") and parameter.strip('"') not in {"charset=utf-8", 'charset="utf-8'}:
            return name, 0.0
        if parameter.startswith("q="):
            try:
                return name, float(parameter[2:])
            except ValueError:
                return name, 0.0
    return name, 1.0


@remembering
def check_content_type(value: str) -> None:
    """Raise 415 unless a body is JSON in UTF-8."""
    kind, *parameters = (piece.strip().lower() for piece in value.split(";"))
    charsets = [parameter[8:].strip('"') for parameter in parameters if parameter.startswith("charset=")]
    if kind != JSON or any(charset != "utf-8" for charset in charsets):
        raise HttpError(415, "Send the operation as application/json in UTF-8.", field="Content-Type")
