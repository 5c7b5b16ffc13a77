"""GraphQL over HTTP: media types, methods, statuses; what is inside an operation is the runner's part."""

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from app.clock import Clock
from app.errors import AppError, ErrorCode, bad_input
from app.http.authentication import authenticate, client_address
from app.http.body import read_body, read_json
from app.http.negotiation import choose_media_type, wants_page
from app.http.problems import GRAPHQL_JSON, JSON, STATUS_OF, HttpProblem, headers_of, to_response
from app.http.rate import RateLimiter
from app.log import log
from app.operation import Answer, Ask
from app.settings import Settings
from auth.principal import Principal
from auth.tokens import TokenVerifier

Run = Callable[[Ask], Awaitable[Answer]]
Page = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """The `/graphql` endpoint."""

    settings: Settings
    clock: Clock
    verifier: TokenVerifier
    run: Run
    page: Page
    by_address: RateLimiter
    by_caller: RateLimiter

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        if request.method == "GET" and wants_page(request):
            return await self.page(request)
        started = time.perf_counter()
        request_id = secrets.token_hex(8)
        media_type, caller, answer = JSON, None, None
        try:
            media_type = choose_media_type(request)
            caller = await self._identify(request, request_id)
            answer = await self.run(await self._read(request, caller, request_id))
            response = respond(answer, media_type)
        except AppError as error:
            response = to_response(error, media_type)
        response.headers["X-Request-Id"] = request_id
        _log_call(request_id, caller, answer, response.status_code, started)
        return response

    async def _identify(self, request: Request, request_id: str) -> Principal:
        address = client_address(request, self.settings.trusted_proxies) or "unknown"
        if "authorization" not in request.headers:
            await self.by_address.count(address)
        caller = await authenticate(request, self.verifier, request_id)
        if not caller.is_anonymous:
            await self.by_caller.count(caller.subject)
        return caller

    async def _read(self, request: Request, caller: Principal, request_id: str) -> Ask:
        if request.method == "POST":
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != JSON:
                raise HttpProblem(415, "Send the operation as application/json.", field="Content-Type")
            given = read_json(await read_body(request, self.settings.body_max_bytes))
        else:
            given = _from_query(request)
        query, variables, name = read_parameters(given)
        return Ask(
            query=query,
            variables=variables,
            operation_name=name,
            principal=caller,
            request_id=request_id,
            now=self.clock(),
            address=client_address(request, self.settings.trusted_proxies),
            read_only=request.method == "GET",
        )


def _from_query(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = read_json(given[name].encode())
        else:
            given.pop(name, None)
    return given


def read_parameters(given: object) -> tuple[str, Mapping[str, Any], str | None]:
    """Return document, variables and operation name of a request; raises `BAD_USER_INPUT` naming the parameter."""
    if not isinstance(given, dict):
        raise bad_input("body", "be one JSON object with a query; batches are not taken")
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    if not isinstance(query, str) or not query:
        raise bad_input("query", "be a GraphQL document")
    if variables is not None and not isinstance(variables, dict):
        raise bad_input("variables", "be an object or null")
    if name is not None and not isinstance(name, str):
        raise bad_input("operationName", "be a string or null")
    extensions = given.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise bad_input("extensions", "be an object or null")
    return query, variables or {}, name or None


def respond(answer: Answer, media_type: str) -> Response:
    """Return the HTTP response of an answer, by the specification for the media type."""
    first = answer.codes[0] if answer.codes else ""
    status = 200
    headers: dict[str, str] = {}
    if ErrorCode.UNAVAILABLE in answer.codes:
        status, headers = 503, headers_of(ErrorCode.UNAVAILABLE, {})
    elif not answer.executed and (media_type == GRAPHQL_JSON or first not in _OK_AS_JSON):
        status = STATUS_OF[ErrorCode(first)]
    content = orjson.dumps(answer.body, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
    return Response(content, status, headers, f"{media_type}; charset=utf-8")


# With the older media type a refused document is answered 200, as the specification says; 4xx means the request itself.
_OK_AS_JSON = frozenset({ErrorCode.BAD_USER_INPUT, ErrorCode.TOO_COMPLEX, ErrorCode.FORBIDDEN})


def _log_call(request_id: str, caller: Principal | None, answer: Answer | None, status: int, started: float) -> None:
    log.info(
        "operation",
        request_id=request_id,
        operation=answer.operation if answer else None,
        roles=sorted(caller.roles) if caller else None,
        status=status,
        codes=sorted(set(answer.codes)) if answer else None,
        milliseconds=round((time.perf_counter() - started) * 1000, 2),
    )
