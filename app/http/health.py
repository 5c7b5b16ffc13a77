"""Liveness and readiness: `/health` says that the process answers, `/ready` that its database does too."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.errors import RETRY_AFTER_SECONDS

Check = Callable[[], Awaitable[bool]]


def health_routes(is_ready: Check) -> list[Route]:
    """Return the two routes."""

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        if await is_ready():
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "database away"}, 503, {"Retry-After": str(RETRY_AFTER_SECONDS)})

    return [Route("/health", live), Route("/ready", ready)]
