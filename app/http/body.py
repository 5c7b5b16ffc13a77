"""Reads a request's body: counted as it arrives, strict UTF-8, bounded depth and numbers, before anything is parsed."""

import re
from typing import Any

import orjson
from starlette.requests import Request

from app.errors import AppError, ErrorCode, bad_input

JSON_DEPTH_MAX = 64
NUMBER_DIGITS_MAX = 40
_LONG_NUMBER = re.compile(rb"\d{%d}" % (NUMBER_DIGITS_MAX + 1))
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Return the body; raises `PAYLOAD_TOO_LARGE` as soon as more than `max_bytes` have arrived."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > max_bytes:  # noqa: PLR2004 - digits of 2**64
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(max_bytes: int) -> AppError:
    return AppError(
        ErrorCode.PAYLOAD_TOO_LARGE, f"The body is larger than {max_bytes} bytes.", limit="bytes", maximum=max_bytes
    )


def read_json(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value in the body; raises `BAD_USER_INPUT`."""
    check_shape(body)
    try:
        return orjson.loads(body)
    except ValueError:
        raise bad_input("body", "be JSON in UTF-8") from None


def check_shape(body: bytes) -> None:
    """Raise `BAD_USER_INPUT` for JSON that nests too deeply or holds absurd numbers; linear in the body."""
    bare = _STRINGS.sub(b"", body)
    depth = 0
    for byte in bare.translate(None, _NOT_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        if depth > JSON_DEPTH_MAX:
            raise bad_input("body", f"nest at most {JSON_DEPTH_MAX} levels deep")
    if _LONG_NUMBER.search(bare):
        raise bad_input("body", f"hold no number of more than {NUMBER_DIGITS_MAX} digits")


_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
