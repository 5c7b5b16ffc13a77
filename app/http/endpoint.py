"""GraphQL over HTTP: media types, methods, statuses; what is inside an operation is the runner's part.

Plain ASGI: at a thousand calls a second each layer between the server and the runner shows.
"""

import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.clock import Clock
from app.errors import AppError, ErrorCode
from app.http.authentication import Doorkeeper
from app.http.body import ClientGoneError, read_body, read_json
from app.http.heads import header_value, header_values
from app.http.negotiation import check_content_type, choose_media_type, wants_page
from app.http.parameters import read_parameters, read_query_string
from app.http.problems import GRAPHQL_JSON, JSON, STATUS_OF, HttpError, Reply, headers_of, to_reply
from app.log import log
from app.operation import Answer, Ask
from app.settings import Settings
from app.time_limit import TimeLimit
from auth.principal import Principal, Role

Run = Callable[[Ask], Awaitable[Answer]]
Page = Callable[[Request], Awaitable[Response]]

NAME_MAX = 64  # characters of an operation's name that are logged


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """The `/graphql` endpoint, an ASGI app."""

    settings: Settings
    clock: Clock
    door: Doorkeeper
    run: Run
    page: Page
    body_limit: TimeLimit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        accept = ",".join(header_values(scope, b"accept"))
        if scope["method"] == "GET" and wants_page(accept, scope["query_string"]):
            await (await self.page(Request(scope, receive)))(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = new_request_id()
        media_type, caller, answer = JSON, None, None
        try:
            media_type = choose_media_type(accept)
            check_method(scope["method"])
            caller = await self.door.identify(scope, request_id)
            answer = await self.run(await self.read(scope, receive, caller, request_id))
            reply = respond(answer, media_type)
        except AppError as error:
            reply = to_reply(error, media_type)
        except ClientGoneError:
            return
        reply.headers.update(headers_of_call(request_id))
        log_call(request_id, caller, answer, reply.status, started)
        await reply.send(send)

    async def read(self, scope: Scope, receive: Receive, caller: Principal, request_id: str) -> Ask:
        """Return the operation that a request asks for; raises `BAD_USER_INPUT` and its like."""
        settings = self.settings
        if scope["method"] == "POST":
            check_content_type(header_value(scope, b"content-type"))
            length = header_value(scope, b"content-length")
            given = read_json(await read_body(receive, length, settings.body_max_bytes, self.body_limit))
        else:
            given = read_query_string(scope["query_string"])
        query, variables, name = read_parameters(given)
        return Ask(
            query=query,
            variables=variables,
            operation_name=name,
            principal=caller,
            request_id=request_id,
            now=self.clock(),
            address=self.door.address_of(scope),
            read_only=scope["method"] == "GET",
        )


def new_request_id() -> str:
    """Return an id that a caller can quote and the log can be searched for; it is no secret."""
    return f"{random.getrandbits(64):016x}"


def headers_of_call(request_id: str) -> dict[str, str]:
    """Return the headers of each answer and refusal: the id to quote, and that nobody may keep what may be personal."""
    return {"X-Request-Id": request_id, "Cache-Control": "no-store"}


def check_method(method: str) -> None:
    """Raise 405 for anything but GET and POST."""
    if method not in {"GET", "POST"}:
        raise HttpError(405, "Use POST, or GET for queries.", {"Allow": "GET, POST"})


def respond(answer: Answer, media_type: str) -> Reply:
    """Return the HTTP response of an answer, by the specification for the media type."""
    status = 200
    headers: dict[str, str] = {}
    if answer.needs_post:
        status, headers = 405, {"Allow": "POST"}
    elif answer.codes and ErrorCode.UNAVAILABLE in answer.codes and not _gave_something(answer, media_type):
        status, headers = 503, headers_of(ErrorCode.UNAVAILABLE, {})
    elif answer.executed and answer.codes and answer.body["data"] is None:
        status, headers = _told_by_status(answer.body["errors"][0]["extensions"])
    elif not answer.executed and (media_type == GRAPHQL_JSON or answer.codes[0] not in _OK_AS_JSON):
        status = STATUS_OF[ErrorCode(answer.codes[0])]
    return Reply(status, to_json(answer.body), media_type, headers)


def _gave_something(answer: Answer, media_type: str) -> bool:
    """Return whether there is data that a client must not lose by a status that says there is none."""
    data = answer.body.get("data")
    if data is None or media_type == GRAPHQL_JSON:  # whose specification counts a null field as data
        return data is not None
    return any(value is not None for value in data.values())


def to_json(body: Mapping[str, Any]) -> bytes:
    """Return an answer as JSON."""
    try:
        return orjson.dumps(body, option=orjson.OPT_UTC_Z)
    except TypeError:  # a key of an enum, which are rare, and to look for them costs each answer a third more
        return orjson.dumps(body, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def _told_by_status(refused: Mapping[str, Any]) -> tuple[int, dict[str, str]]:
    """Return the status of an operation that gave nothing: to wait, or to send less, is told without reading it."""
    code = refused["code"]
    if code == ErrorCode.PAYLOAD_TOO_LARGE or (code == ErrorCode.RATE_LIMITED and "retryAfterSeconds" in refused):
        return STATUS_OF[ErrorCode(code)], headers_of(code, refused)
    return 200, {}


# With the older media type a refused document is answered 200, as the specification says; 4xx means the request itself.
_OK_AS_JSON = frozenset({ErrorCode.BAD_USER_INPUT, ErrorCode.TOO_COMPLEX, ErrorCode.FORBIDDEN})


def log_call(request_id: str, caller: Principal | None, answer: Answer | None, status: int, started: float) -> None:
    """Log a call: who in which role, which operation, what came of it, how long it took; nothing of its data."""
    name = answer.operation if answer else None
    log.info(
        "operation",
        request_id=request_id,
        operation=name[:NAME_MAX] if name else None,
        roles=_role_names(caller.roles) if caller else None,
        status=status,
        codes=sorted(set(answer.codes)) if answer else None,
        milliseconds=round((time.perf_counter() - started) * 1000, 2),
    )


@lru_cache(maxsize=256)
def _role_names(roles: frozenset[Role]) -> list[str]:
    return sorted(role.value for role in roles)
