"""Reads a request's body: counted as it arrives, in bounded time, strict UTF-8, bounded depth, numbers and values.

Nothing here walks a body byte by byte in Python; a body of 1 MiB costs about 5 ms, most of it the parser's.
"""

import asyncio
from array import array
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from itertools import accumulate
from typing import Any

import orjson

from app.errors import AppError, ErrorCode, bad_input
from app.http.problems import HttpError
from app.time_limit import TimeLimit

JSON_DEPTH_MAX = 64
NUMBER_DIGITS_MAX = 40
VALUES_MAX = 50_000  # a batch of 500 items has some 15 000

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class ClientGoneError(Exception):
    """The caller hung up before the body was complete."""


async def read_body(receive: Receive, declared_length: str, max_bytes: int, limit: TimeLimit) -> bytes:
    """Return the body; raises `PAYLOAD_TOO_LARGE` once more than `max_bytes` have arrived, 408 after the time limit."""
    if declared_length.isdecimal() and len(declared_length) < 20 and int(declared_length) > max_bytes:  # noqa: PLR2004 - digits of 2**64
        await _discard(receive, max_bytes)
        raise _too_large(max_bytes)
    try:
        with limit.start():
            return await _read_chunks(receive, max_bytes)
    except AppError:
        await _discard(receive, max_bytes)
        raise
    except TimeoutError:
        message = f"The body did not arrive within {limit.seconds:g} seconds."
        raise HttpError(408, message, {"Connection": "close"}, limit="seconds", maximum=limit.seconds) from None


async def _read_chunks(receive: Receive, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _discard(receive: Receive, max_bytes: int) -> None:
    """Let some of what is still under way arrive, unkept: a caller who is hung up on in the middle reads no answer."""
    discarded = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while discarded < max_bytes:
                message = await receive()
                discarded += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


DISCARD_SECONDS = 1.0


def _too_large(max_bytes: int) -> AppError:
    return AppError(
        ErrorCode.PAYLOAD_TOO_LARGE, f"The body is larger than {max_bytes} bytes.", limit="bytes", maximum=max_bytes
    )


def read_json(body: bytes, name: str = "body") -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value in the body (or the parameter `name`); raises `BAD_USER_INPUT` or `TOO_COMPLEX`."""
    check_shape(body, name)
    try:
        return orjson.loads(body)
    except ValueError:
        raise bad_input(name, "be JSON in UTF-8") from None


def check_shape(body: bytes, name: str = "body") -> None:
    """Raise for JSON that nests too deeply, has too many values or absurd numbers. Linear in the body.

    Counts first without minding strings, which can only count too much; strings are taken out only where needed.
    """
    nests = body.count(b"[") + body.count(b"{") > JSON_DEPTH_MAX
    many = body.count(b",") > VALUES_MAX
    long_number = _LONG_NUMBER in body.translate(_DIGITS_AS_ZERO)
    if not (nests or many or long_number):
        return
    bare = _without_strings(body)
    if nests:
        steps = array("b", bare.translate(_STEPS, _NOT_BRACKETS))
        if max(accumulate(steps), default=0) > JSON_DEPTH_MAX:
            raise bad_input(name, f"nest at most {JSON_DEPTH_MAX} levels deep")
    if many and (values := bare.count(b",") + 1) > VALUES_MAX:
        sentence = f"{name} holds {values} values; at most {VALUES_MAX} are allowed."
        raise AppError(ErrorCode.TOO_COMPLEX, sentence, limit="values", actual=values, maximum=VALUES_MAX)
    if long_number and _LONG_NUMBER in bare.translate(_DIGITS_AS_ZERO):
        raise bad_input(name, f"hold no number of more than {NUMBER_DIGITS_MAX} digits")


def _without_strings(body: bytes) -> bytes:
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"") if b"\\" in body else body
    return b'"'.join(unescaped.split(b'"')[::2])


_LONG_NUMBER = b"0" * (NUMBER_DIGITS_MAX + 1)
_DIGITS_AS_ZERO = bytes(48 if 48 <= byte <= 57 else 32 for byte in range(256))  # noqa: PLR2004 - ASCII 0 to 9
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_STEPS = bytes(1 if byte in b"[{" else 255 if byte in b"]}" else 0 for byte in range(256))  # 255 is -1 to array("b")
