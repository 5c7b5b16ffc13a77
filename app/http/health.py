"""Liveness and readiness: `/health` says that the process answers, `/ready` that its database does too.

A ready server may have warnings for its operator, such as records that the database does not delete in time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.errors import RETRY_AFTER_SECONDS

Check = Callable[[], Awaitable[bool]]
Warnings = Callable[[], Awaitable[list[str]]]


class SharedCheck:
    """One check for all who ask while it runs: nobody is metered here, and asking in crowds must cost nothing."""

    def __init__(self, is_ready: Check, warnings: Warnings) -> None:
        """Take what to ask: the warnings only where it is ready."""
        self._is_ready = is_ready
        self._warnings = warnings
        self._running: asyncio.Task[list[str] | None] | None = None

    async def __call__(self) -> list[str] | None:
        """Return the warnings of a ready server, None of one that is not."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), context=Context())
        return await asyncio.shield(self._running)

    async def _run(self) -> list[str] | None:
        return await self._warnings() if await self._is_ready() else None


def health_routes(is_ready: Check, warnings: Warnings) -> list[Route]:
    """Return the two routes."""
    shared = SharedCheck(is_ready, warnings)

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        found = await shared()
        if found is not None:
            return JSONResponse({"status": "ready", **({"warnings": found} if found else {})})
        return JSONResponse({"status": "database away"}, 503, {"Retry-After": str(RETRY_AFTER_SECONDS)})

    return [Route("/health", live), Route("/ready", ready)]
