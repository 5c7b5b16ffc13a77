"""Where an issuer's public keys come from: given text, a file, or an address (JWKS over HTTPS).

Promises that a caller can never make us fetch more than once per cool-down, that an answer is small and quick or is
dropped, and that a bad answer never costs us the keys we had. What makes a key fit is told by `key_set`.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx

from auth.key_set import InvalidKeySetError, KeySet, VerificationKey, read_jwks, read_pem
from auth.token_form import InvalidTokenError

REFRESH_SECONDS: Final = 24 * 60 * 60.0
COOL_DOWN_SECONDS: Final = 30.0
FETCH_TIMEOUT_SECONDS: Final = 5.0
BODY_MAX_BYTES: Final = 256 * 1024
UNKNOWN_SECONDS: Final = 300.0
UNKNOWN_MAX: Final = 1000
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_log = logging.getLogger(__name__)

Monotonic = Callable[[], float]


class KeysUnavailableError(InvalidTokenError):
    """The issuer's keys could not be had (yet), so nothing is known about the token; trying later may help."""


class KeySource(Protocol):
    """Keys of one issuer."""

    def version(self) -> int:
        """Give a number that changes whenever the keys change; starts a due refresh, waits for nothing."""
        ...

    async def find(self, key_id: str | None, algorithm: str) -> tuple[VerificationKey, ...]:
        """Give the keys that a token may mean. Raises `KeysUnavailableError` while nothing can be said of them."""
        ...

    async def aclose(self) -> None:
        """Stop what runs in the background."""
        ...


class FixedKeys:
    """Keys given once, as text."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    @classmethod
    def from_pem(cls, text: str) -> "FixedKeys":
        """Take one public key in PEM. Raises `InvalidKeySetError`."""
        return cls(read_pem(text))

    @classmethod
    def from_jwks(cls, text: str) -> "FixedKeys":
        """Take a JSON Web Key Set. Raises `InvalidKeySetError`."""
        return cls(read_jwks(text))

    def version(self) -> int:
        """Give always the same number."""
        return 0

    async def find(self, key_id: str | None, algorithm: str) -> tuple[VerificationKey, ...]:
        """Give the keys that a token may mean."""
        return self._keys.find(key_id, algorithm)

    async def aclose(self) -> None:
        """Nothing runs."""


class FileKeys:
    """Keys from a file (PEM or JWKS, told by its content), read again when the file changes.

    Raises `InvalidKeySetError` or `OSError` when the file is not usable at the start; later on the old keys are kept.
    """

    def __init__(self, path: Path, *, clock: Monotonic = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._version = 0
        self._looked_at = clock()
        self._stamp = self._read_stamp()
        self._keys = self._read()

    def version(self) -> int:
        """Give a number that changes with the file; the file is looked at once per cool-down."""
        now = self._clock()
        if now - self._looked_at >= COOL_DOWN_SECONDS:
            self._looked_at = now
            self._reload()
        return self._version

    async def find(self, key_id: str | None, algorithm: str) -> tuple[VerificationKey, ...]:
        """Give the keys that a token may mean."""
        self.version()
        return self._keys.find(key_id, algorithm)

    async def aclose(self) -> None:
        """Nothing runs."""

    def _reload(self) -> None:
        try:
            stamp = self._read_stamp()
            if stamp == self._stamp:
                return
            keys = self._read()
        except (OSError, InvalidKeySetError) as error:
            _log.warning("key file not usable, old keys kept: %s", type(error).__name__)
            return
        self._stamp = stamp
        if not keys.same_keys(self._keys):
            self._keys = keys
            self._version += 1

    def _read_stamp(self) -> tuple[int, int, int]:
        stat = self._path.stat()
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _read(self) -> KeySet:
        data = self._path.read_bytes()
        return read_jwks(data) if data.lstrip().startswith(b"{") else read_pem(data)


class RemoteKeys:
    """Keys from a JWKS address. Fetches at first need, daily in the background, and for key ids not seen before.

    One fetch at a time, shared by all who wait, and at most one per cool-down whatever happens. Raises `ValueError`
    for an address that is neither https nor on this machine.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Monotonic = time.monotonic,
        refresh_seconds: float = REFRESH_SECONDS,
        fetch_timeout_seconds: float = FETCH_TIMEOUT_SECONDS,
    ) -> None:
        parts = urlsplit(url)
        loopback = parts.hostname in _LOOPBACK
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and loopback)):
            raise ValueError("expected an https address (http only on loopback)")
        if parts.username is not None or parts.fragment:
            raise ValueError("expected an address without user name and fragment")
        self._url = url
        self._use_proxy = not loopback
        self._clock = clock
        self._refresh_seconds = refresh_seconds
        self._fetch_timeout_seconds = fetch_timeout_seconds
        self._keys: KeySet | None = None
        self._version = 0
        self._fetched_at = 0.0
        self._tried_at: float | None = None
        self._has_failed = False  # the last fetch
        self._fetching: asyncio.Task[None] | None = None
        self._unknown: dict[str, float] = {}

    def version(self) -> int:
        """Give a number that changes with the keys; starts a due refresh in the background."""
        if self._keys is not None and self._clock() - self._fetched_at >= self._refresh_seconds:
            self._start_fetch()
        return self._version

    async def find(self, key_id: str | None, algorithm: str) -> tuple[VerificationKey, ...]:
        """Give the keys that a token may mean, fetching when its key id was never seen.

        Raises `KeysUnavailableError` also for such a key id while fetches fail: it may be one of the issuer's new keys.
        """
        self.version()
        if self._keys is not None and (self._keys.knows(key_id) or self._is_known_unknown(key_id)):
            return self._keys.find(key_id, algorithm)
        fetch = self._start_fetch()
        if fetch is not None:
            await asyncio.shield(fetch)  # One caller that gives up must not take it from the others.
        if self._keys is None or self._has_failed:
            raise KeysUnavailableError("keys_unavailable")
        if fetch is not None:
            self._remember_unknown(key_id)
        return self._keys.find(key_id, algorithm)

    async def aclose(self) -> None:
        """Stop a fetch that is under way."""
        if self._fetching is not None and not self._fetching.done():
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def _start_fetch(self) -> asyncio.Task[None] | None:
        """Give the fetch under way, or begin one, or None while cooling down."""
        if self._fetching is not None and not self._fetching.done():
            return self._fetching
        now = self._clock()
        if self._tried_at is not None and now - self._tried_at < COOL_DOWN_SECONDS:
            return None
        self._tried_at = now
        self._fetching = asyncio.create_task(self._fetch(), name="jwks-fetch")
        return self._fetching

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(self._fetch_timeout_seconds):
                body = await self._download()
            keys = read_jwks(body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, ValueError, InvalidKeySetError) as error:
            _log.warning("key set not usable, old keys kept: %s", type(error).__name__)
            self._has_failed = True
            return
        self._has_failed = False
        self._fetched_at = self._clock()
        self._unknown = {key_id: at for key_id, at in self._unknown.items() if not keys.knows(key_id)}
        if not keys.same_keys(self._keys):
            self._version += 1
        self._keys = keys

    async def _download(self) -> bytes:
        """Read at most `BODY_MAX_BYTES`. No redirects: the address is trusted, not what it points to."""
        headers = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}
        async with (
            httpx.AsyncClient(timeout=self._fetch_timeout_seconds, trust_env=self._use_proxy) as client,
            client.stream("GET", self._url, headers=headers) as response,
        ):
            if response.status_code != httpx.codes.OK or "content-encoding" in response.headers:
                raise InvalidKeySetError("expected 200 and a plain body")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > BODY_MAX_BYTES:
                    raise InvalidKeySetError("too large")
            return bytes(body)

    def _is_known_unknown(self, key_id: str | None) -> bool:
        """Tell whether this key id was looked for lately in vain, as a stale client's would be again and again."""
        at = self._unknown.get(key_id) if key_id is not None else None
        return at is not None and self._clock() - at < UNKNOWN_SECONDS

    def _remember_unknown(self, key_id: str | None) -> None:
        if key_id is None or self._keys is None or self._keys.knows(key_id):
            return
        self._unknown.pop(key_id, None)
        self._unknown[key_id] = self._clock()
        if len(self._unknown) > UNKNOWN_MAX:
            del self._unknown[next(iter(self._unknown))]
