"""Reads headers straight from an ASGI scope: each call of the API asks for a few, and no object is needed for that."""

from starlette.types import Scope


def header_values(scope: Scope, name: bytes) -> list[str]:
    """Return the values of a header (`name` in lower case, as ASGI gives names), in order; several where it repeats."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def header_value(scope: Scope, name: bytes) -> str:
    """Return the first value of a header, "" where there is none."""
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return ""
