"""Liveness and readiness: `/health` says that the process answers, `/ready` that it can do its work.

A ready server may have warnings for its operator, such as records that the database does not delete in time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.errors import RETRY_AFTER_SECONDS

Hindrance = Callable[[], Awaitable[str | None]]
Warnings = Callable[[], Awaitable[list[str]]]


class SharedCheck:
    """One check for all who ask while it runs: nobody is metered here, and asking in crowds must cost nothing."""

    def __init__(self, hindrance: Hindrance, warnings: Warnings) -> None:
        """Take what to ask: what keeps it from being ready, and where nothing does, the warnings."""
        self._hindrance = hindrance
        self._warnings = warnings
        self._running: asyncio.Task[str | list[str]] | None = None

    async def __call__(self) -> str | list[str]:
        """Return the warnings of a ready server, or what keeps it from being ready."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), context=Context())
        return await asyncio.shield(self._running)

    async def _run(self) -> str | list[str]:
        return await self._hindrance() or await self._warnings()


def health_routes(hindrance: Hindrance, warnings: Warnings) -> list[Route]:
    """Return the two routes."""
    shared = SharedCheck(hindrance, warnings)

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        found = await shared()
        if isinstance(found, str):
            return JSONResponse({"status": found}, 503, {"Retry-After": str(RETRY_AFTER_SECONDS)})
        return JSONResponse({"status": "ready", **({"warnings": found} if found else {})})

    return [Route("/health", live), Route("/ready", ready)]
