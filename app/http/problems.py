"""Refusals at the HTTP level, in the shape of a GraphQL answer so that every client can read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from starlette.types import Send

from app.errors import RETRY_AFTER_SECONDS, AppError, ErrorCode

STATUS_OF = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.BAD_USER_INPUT: 400,
    ErrorCode.TOO_COMPLEX: 400,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.PAYLOAD_TOO_LARGE: 413,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.INTERNAL: 500,
}
JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"


@dataclass(slots=True)
class Reply:
    """An HTTP response, whole."""

    status: int
    content: bytes
    media_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    async def send(self, send: Send) -> None:
        """Send it."""
        headers = [
            (b"content-type", _content_type(self.media_type)),
            (b"content-length", b"%d" % len(self.content)),
            *((_header_name(name), value.encode()) for name, value in self.headers.items()),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.content})


@lru_cache(maxsize=16)
def _content_type(media_type: str) -> bytes:
    return f"{media_type}; charset=utf-8".encode()


@lru_cache(maxsize=64)
def _header_name(name: str) -> bytes:
    return name.lower().encode()


class HttpError(AppError):
    """A refusal with a status of its own where the code's usual one would mislead (405, 406, 415, ...)."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None, **details: object) -> None:
        """Keep status and headers beside the code `BAD_USER_INPUT`."""
        super().__init__(ErrorCode.BAD_USER_INPUT, message, **details)
        self.status = status
        self.headers = headers or {}


def to_reply(error: AppError, media_type: str = JSON) -> Reply:
    """Return the HTTP response of a refusal."""
    status = error.status if isinstance(error, HttpError) else STATUS_OF[error.code]
    headers = dict(error.headers) if isinstance(error, HttpError) else {}
    headers.update(headers_of(error.code, error.details))
    if error.code is ErrorCode.PAYLOAD_TOO_LARGE:
        headers["Connection"] = "close"  # what is still under way of the body is not read
    return Reply(status, orjson.dumps({"errors": [describe(error)]}), media_type, headers)


def describe(error: AppError) -> dict[str, Any]:
    """Return a refusal in the shape of a GraphQL error."""
    return {"message": error.message, "extensions": {"code": error.code.value, **error.details}}


def headers_of(code: str, details: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that go with a code."""
    if code == ErrorCode.UNAUTHENTICATED:
        return {"WWW-Authenticate": 'Bearer realm="data-practices"'}
    if code in (ErrorCode.RATE_LIMITED, ErrorCode.UNAVAILABLE):
        return {"Retry-After": str(details.get("retryAfterSeconds", RETRY_AFTER_SECONDS))}
    return {}
