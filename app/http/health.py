"""Liveness and readiness: `/health` says that the process answers, `/ready` that its database does too.

A ready server may have warnings for its operator, such as records that the database does not delete in time.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.errors import RETRY_AFTER_SECONDS

Check = Callable[[], Awaitable[bool]]
Warnings = Callable[[], Awaitable[list[str]]]


def health_routes(is_ready: Check, warnings: Warnings) -> list[Route]:
    """Return the two routes."""

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        if await is_ready():
            found = await warnings()
            return JSONResponse({"status": "ready", **({"warnings": found} if found else {})})
        return JSONResponse({"status": "database away"}, 503, {"Retry-After": str(RETRY_AFTER_SECONDS)})

    return [Route("/health", live), Route("/ready", ready)]
