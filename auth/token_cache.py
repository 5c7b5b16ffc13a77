"""Tokens verified lately, so that a caller's next request costs a hash and not a signature.

Promises to hold no token (only its SHA-256), to forget with the token's expiry, with any change of its issuer's keys
and on request, and never to grow past its bound.
"""

from collections import OrderedDict
from hashlib import sha256
from typing import NamedTuple

from auth.claims import LEEWAY_SECONDS
from auth.keys import KeySource
from auth.principal import Principal


class _Entry(NamedTuple):
    principal: Principal
    keys: KeySource
    version: int


class TokenCache:
    """A bounded map from token to principal; the least lately used goes first. `entries` 0 remembers nothing."""

    def __init__(self, entries: int) -> None:
        self._entries_max = entries
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, token: str, now: float) -> Principal | None:
        """Give the principal while the token lives (`now` in seconds since 1970) and its issuer's keys are the same."""
        digest = _digest(token)
        entry = self._entries.get(digest)
        if entry is None:
            return None
        expires_at = entry.principal.expires_at
        alive = expires_at is not None and now - LEEWAY_SECONDS < expires_at.timestamp()
        if not alive or entry.keys.version() != entry.version:
            del self._entries[digest]
            return None
        self._entries.move_to_end(digest)
        return entry.principal

    def put(self, token: str, principal: Principal, keys: KeySource, version: int) -> None:
        """Remember a token that was verified with the keys of this version."""
        self._entries[_digest(token)] = _Entry(principal, keys, version)
        while len(self._entries) > self._entries_max:
            self._entries.popitem(last=False)

    def forget(self, subject: str) -> None:
        """Drop a subject's tokens."""
        gone = [digest for digest, entry in self._entries.items() if entry.principal.subject == subject]
        for digest in gone:
            del self._entries[digest]

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()


def _digest(token: str) -> bytes:
    """Hash the token; a text that UTF-8 cannot say hashes too, and is refused for its form afterwards."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
