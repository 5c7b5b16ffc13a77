"""The app with a short way to its busiest address.

A call of `/graphql` passes the shield and is at its endpoint; Starlette's own layers, which route, catch and wrap, are
for everything else. Both ways stand behind the same middleware.
"""

from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send


class Front(Starlette):
    """Starlette, with one endpoint in front of its routes."""

    def __init__(self, path: str, endpoint: ASGIApp, **parts: Any) -> None:  # noqa: ANN401 - as Starlette takes them
        """Take the path that goes straight to `endpoint`, and Starlette's own arguments."""
        super().__init__(**parts)
        self._path = path
        self._front = endpoint
        for layer in reversed(self.user_middleware):
            self._front = layer.cls(self._front, *layer.args, **layer.kwargs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "http" and scope["path"] == self._path:
            await self._front(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
