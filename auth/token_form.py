"""The form of a token: what a compact JWT must look like before any key is touched.

Promises that whatever passes is small, canonical and unambiguous: three strict base64url segments, plain JSON objects
without repeated names, and a header that asks for nothing we do not do. Says nothing about who signed it: the claims
given back are unverified and good only for choosing the issuer. Signatures and claims are the business of `tokens`.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final, Never

TOKEN_MAX_CHARACTERS: Final = 8 * 1024  # A proxy's usual limit for one header line.
HEADER_MAX_BYTES: Final = 2 * 1024
HEADER_MAX_DEPTH: Final = 2
CLAIMS_MAX_DEPTH: Final = 16
KEY_ID_MAX_CHARACTERS: Final = 256

# Headers that name a key or change how the signature is computed. Keys come from configuration only (RFC 8725, 3.10).
_REFUSED_HEADERS: Final = frozenset({"crit", "b64", "jwk", "jku", "x5u", "x5c"})
_ACCEPTED_TYPES: Final = frozenset({"jwt", "at+jwt"})
_COMPACT: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")


class InvalidTokenError(Exception):
    """The token proves nothing. `reason` is a short code for the log; it never holds a part of the token."""

    def __init__(self, reason: str) -> None:
        """Keep the code."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token of the right form that nobody has verified yet."""

    algorithm: str
    key_id: str | None
    claims: dict[str, Any] = field(repr=False)
    signature: bytes = field(repr=False)


def parse_token(token: str) -> UnverifiedToken:
    """Take a compact JWT apart. Raises `InvalidTokenError` for everything that is not exactly in form."""
    if len(token) > TOKEN_MAX_CHARACTERS:
        raise InvalidTokenError("too_long")
    segments = _COMPACT.fullmatch(token)
    if segments is None:
        raise InvalidTokenError("not_compact")
    header_bytes, claims_bytes, signature = (_decode(segment) for segment in segments.groups())
    if len(header_bytes) > HEADER_MAX_BYTES:
        raise InvalidTokenError("header_too_long")
    header = _read_object(header_bytes, HEADER_MAX_DEPTH, "header")
    _check_header(header)
    claims = _read_object(claims_bytes, CLAIMS_MAX_DEPTH, "claims")
    return UnverifiedToken(header["alg"], header.get("kid"), claims, signature)


def _decode(segment: str) -> bytes:
    """Decode canonical base64url: only one spelling of the same bytes is accepted."""
    if len(segment) % 4 == 1:
        raise InvalidTokenError("not_base64url")
    data = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii") != segment:
        raise InvalidTokenError("not_canonical")
    return data


def _check_header(header: dict[str, Any]) -> None:
    if not _REFUSED_HEADERS.isdisjoint(header):
        raise InvalidTokenError("refused_header")
    if not isinstance(header.get("alg"), str):
        raise InvalidTokenError("algorithm_missing")
    if "kid" in header:
        key_id = header["kid"]
        if not isinstance(key_id, str) or len(key_id) > KEY_ID_MAX_CHARACTERS:
            raise InvalidTokenError("odd_key_id")
    if "typ" in header:
        kind = header["typ"]
        if not isinstance(kind, str) or kind.lower() not in _ACCEPTED_TYPES:
            raise InvalidTokenError("odd_type")


def _read_object(data: bytes, max_depth: int, part: str) -> dict[str, Any]:
    """Read strict JSON: UTF-8, an object, no repeated names, no NaN, no lone surrogates, nested at most `max_depth`."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
        _check_values(value, max_depth)
    except (ValueError, RecursionError):
        raise InvalidTokenError(f"{part}_not_json") from None
    if not isinstance(value, dict):
        raise InvalidTokenError(f"{part}_not_object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse repeated names: two readers could each believe another one."""
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("repeated name")
    return unique


def _refuse_constant(_: str) -> Never:
    raise ValueError("not a JSON number")


def _check_values(value: object, max_depth: int) -> None:
    """Walk all names and values, level by level, so that depth costs no stack."""
    level: list[object] = [value]
    depth = 0
    while level:
        if depth > max_depth:
            raise ValueError("nested too deeply")
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                item.encode("utf-8")  # A lone surrogate would fail later, in a place that does not expect it.
            elif isinstance(item, dict):
                below += [*item.keys(), *item.values()]
            elif isinstance(item, list):
                below += item
        level = below
        depth += 1
