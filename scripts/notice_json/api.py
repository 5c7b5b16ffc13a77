"""One GraphQL call at a time, sent again for as long as that can help.

Promises that a call either comes back with an answer of the API or raises: what is away, busy or rate limited is waited
for. Knows nothing of records.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

BACKOFF_SECONDS = 0.25
BACKOFF_MAX_SECONDS = 15.0
RETRY_AFTER_MAX_SECONDS = 300.0
TOO_LARGE = 413
UNAUTHENTICATED = 401
TOO_MANY = 429
AWAY = frozenset({502, 503, 504})


class ServerError(Exception):
    """There is no way on with this server: it is away, or is no Data Practices API."""


class TokenError(Exception):
    """The server does not take the token; another one may help, the same never does."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call as a whole was not taken."""

    code: str
    message: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a call; `data` is None where it was refused."""

    data: dict[str, Any] | None
    refusals: list[Refusal]


@dataclass(slots=True)
class GraphQLApi:
    """The API at one address; `patience_seconds` is how long it may be away before this gives up."""

    client: httpx.Client
    url: str
    patience_seconds: float
    waiting: Callable[[str], None]
    _rng: random.Random = field(default_factory=random.Random)

    def call(self, document: str, variables: Mapping[str, Any]) -> Reply:
        """Run an operation; raises `ServerError` when the server stays away, `TokenError` for a refused token."""
        away_since: float | None = None
        backoff = BACKOFF_SECONDS
        while True:
            response = self._send(document, variables)
            if response is not None and response.status_code not in AWAY and response.status_code != TOO_MANY:
                return self._read(response)
            wait = max(_retry_after(response), backoff * self._rng.uniform(0.5, 1))
            now = time.monotonic()
            if response is not None and response.status_code == TOO_MANY:
                away_since = None  # it is there, and says when to come again
                self.waiting("rate limited")
            else:
                away_since = away_since or now
                if now + wait - away_since > self.patience_seconds:
                    raise ServerError("the server cannot be reached, or is not ready")
                self.waiting("server away")
            time.sleep(wait)
            backoff = min(backoff * 2, BACKOFF_MAX_SECONDS)

    def _send(self, document: str, variables: Mapping[str, Any]) -> httpx.Response | None:
        try:
            return self.client.post(self.url, json={"query": document, "variables": variables})
        except httpx.TransportError:
            return None
        except (httpx.InvalidURL, httpx.HTTPError):
            raise ServerError("the address cannot be used") from None

    def _read(self, response: httpx.Response) -> Reply:
        if response.status_code == UNAUTHENTICATED:
            raise TokenError
        if response.status_code == TOO_LARGE:
            return Reply(None, [Refusal("PAYLOAD_TOO_LARGE", "The record is larger than the server takes.")])
        try:
            body = response.json()
            refusals = [_to_refusal(error) for error in body.get("errors") or ()]
            data = body.get("data")
        except (ValueError, AttributeError, TypeError):
            raise ServerError(f"what answers there (status {response.status_code}) is no GraphQL API") from None
        if not refusals and not isinstance(data, dict):
            raise ServerError(f"what answers there (status {response.status_code}) is no GraphQL API")
        return Reply(data if isinstance(data, dict) else None, refusals)


def _to_refusal(error: Mapping[str, Any]) -> Refusal:
    extensions = error.get("extensions") or {}
    needs = extensions.get("needs")
    message = str(error.get("message", "")) + (f" It needs {needs}." if needs else "")
    return Refusal(str(extensions.get("code", "INTERNAL")), message, str(extensions.get("field", "")))


def _retry_after(response: httpx.Response | None) -> float:
    """Return the seconds that a `Retry-After` asks for, in either of its forms; 0 where there is none."""
    text = "" if response is None else response.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return min(float(text), RETRY_AFTER_MAX_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), RETRY_AFTER_MAX_SECONDS)
