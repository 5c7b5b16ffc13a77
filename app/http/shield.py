"""What stands around every answer: the host's name is checked, security headers are added, nothing escapes unmasked.

CORS is Starlette's own middleware and is there only where origins are listed (`shield_of`).
"""

import secrets
from collections.abc import Iterable
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

from app.errors import AppError, ErrorCode, not_found
from app.http.heads import header_values
from app.http.problems import HttpError, Reply, to_reply
from app.log import describe_exception, log
from app.settings import Settings

# The strictest there is: answers are data. The explorer's page brings a policy of its own.
SECURITY_HEADERS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
TRANSPORT_SECURITY = (b"strict-transport-security", b"max-age=31536000")
PREFLIGHT_SECONDS = 600
SOCKET_DEFECT = 1011  # RFC 6455: the server met what it did not expect


def shield_of(settings: Settings) -> list[Middleware]:
    """Return the middleware that stands around the whole app."""
    origins = split(settings.cors_origins)
    hosts = split(settings.trusted_hosts)
    layers = [Middleware(Shield, hosts=hosts, origins=origins, trusted_proxies=settings.trusted_proxies)]
    if origins:
        cors = Middleware(
            CORSMiddleware,
            allow_origins=sorted(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Retry-After", "X-Request-Id"],
            max_age=PREFLIGHT_SECONDS,
        )
        layers.append(cors)
    return layers


def split(listed: str) -> frozenset[str]:
    """Return the entries of a setting that is a list with commas."""
    return frozenset(entry.strip().lower() for entry in listed.split(",") if entry.strip())


class Shield:
    """The outermost layer of our own."""

    def __init__(
        self, app: ASGIApp, hosts: frozenset[str], origins: frozenset[str] = frozenset(), trusted_proxies: int = 0
    ) -> None:
        """Take the app and the host names that are answered; none means all, `*.example.com` means all below.

        `origins` are those whose pages may open WebSockets, besides our own: browsers ask nobody before that. So many
        `trusted_proxies` before us are believed when they tell of https.
        """
        self._app = app
        self._hosts = hosts
        self._origins = origins
        self._trusted_proxies = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a connection on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if self._hosts and not self._answers(Headers(scope=scope).getlist("host")):
            await self._refuse(scope, send)
            return
        if scope["type"] == "http":
            await self._guard(scope, receive, send)
        elif self._is_asked_by_own_page(Headers(scope=scope)):
            await self._guard_socket(scope, receive, send)
        else:
            await self._refuse(scope, send)

    def _answers(self, given: list[str]) -> bool:
        if len(given) != 1:
            return False
        host = given[0].lower()
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        return name in self._hosts or any(name.endswith(host[1:]) for host in self._hosts if host.startswith("*."))

    def _is_asked_by_own_page(self, headers: Headers) -> bool:
        origins = headers.getlist("origin")  # no browser leaves it out
        own = {f"http://{host.lower()}" for host in headers.getlist("host")}
        own |= {origin.replace("http://", "https://") for origin in own}
        return not origins or (len(origins) == 1 and origins[0].lower() in self._origins | own)

    async def _refuse(self, scope: Scope, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        problem = HttpError(400, "This host name is not served here.", field="Host")
        reply = to_reply(problem)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_headers(message, headers_for(scope, self._trusted_proxies))
            await send(message)

        await reply.send(send_with_headers)

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False
        own = headers_for(scope, self._trusted_proxies)

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                add_headers(message, own)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - the last door: a defect must not show itself to callers
            request_id = secrets.token_hex(8)
            log.error("unexpected", request_id=request_id, **describe_exception(error))
            if not started:
                await internal(request_id).send(send_with_headers)

    async def _guard_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the last door, as in `_guard`
            # A connection's tasks fail as a group; the first of them says what happened.
            first = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
            log.error("unexpected", request_id=secrets.token_hex(8), **describe_exception(first))
            with suppress(RuntimeError, OSError):  # closed already
                await send({"type": "websocket.close", "code": SOCKET_DEFECT})


def internal(request_id: str) -> Reply:
    """Return the answer to what nobody foresaw."""
    message = "Something went wrong on our side. Quote the request id to support."
    reply = to_reply(AppError(ErrorCode.INTERNAL, message, requestId=request_id))
    reply.headers["X-Request-Id"] = request_id
    return reply


def headers_for(scope: Scope, trusted_proxies: int) -> tuple[tuple[bytes, bytes], ...]:
    """Return the security headers of an answer on this connection."""
    return (*SECURITY_HEADERS, TRANSPORT_SECURITY) if is_https(scope, trusted_proxies) else SECURITY_HEADERS


def is_https(scope: Scope, trusted_proxies: int) -> bool:
    """Return whether the caller used https: with us, or with the outermost of our own proxies, as they tell."""
    used_with_us = scope.get("scheme") == "https"
    if used_with_us or trusted_proxies == 0:
        return used_with_us
    hops = [hop.strip() for value in header_values(scope, b"x-forwarded-proto") for hop in value.split(",")]
    # Many proxies pass on what the one before them told, and add nothing: then there are fewer entries than proxies.
    return bool(hops) and hops[-trusted_proxies:][0].lower() == "https"


def add_headers(message: Message, own: Iterable[tuple[bytes, bytes]]) -> None:
    """Add to the start of an answer the headers that it does not have."""
    given = message.get("headers", ())
    present = {name for name, _ in given}
    message["headers"] = [*given, *(header for header in own if header[0] not in present)]


async def _answer_http_exception(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    problem = not_found("page") if status == 404 else HttpError(status, "This cannot be asked here.")  # noqa: PLR2004 - HTTP's own
    reply = to_reply(problem)
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return Response(reply.content, reply.status, headers, "application/json; charset=utf-8")


# What Starlette itself refuses (no such route or file, wrong method) has the shape of our own refusals.
EXCEPTION_HANDLERS: dict[type[Exception] | int, ExceptionHandler] = {HTTPException: _answer_http_exception}
