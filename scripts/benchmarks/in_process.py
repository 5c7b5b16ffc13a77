"""The whole app in this process, asked as an ASGI app: measured without a network and a client's cost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr
from starlette.applications import Starlette

from app.database.client import Database, connect
from app.main import build_app
from app.settings import Settings
from auth.development import DevelopmentIssuer
from auth.principal import Role
from scripts.benchmarks.usage_events import COMPANIES


@dataclass(frozen=True, slots=True)
class Bench:
    """A running app, asked without a network and a client's cost."""

    app: Starlette
    database: Database
    token: str

    async def ask(self, query: str, variables: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        """Run an operation."""
        body = orjson.dumps({"query": query, "variables": variables})
        answer = bytearray()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:  # noqa: ANN401 - an ASGI message
            answer.extend(message.get("body", b""))

        await self.app(self._scope(body), receive, send)
        reply = orjson.loads(bytes(answer))
        if reply.get("errors"):
            raise RuntimeError(reply["errors"])
        return reply["data"]

    def _scope(self, body: bytes) -> dict[str, Any]:
        headers = [
            (b"host", b"127.0.0.1"),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"authorization", f"Bearer {self.token}".encode()),
        ]
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }


def settings_of(uri: str, name: str, data: Path) -> Settings:
    """Return settings that leave the limits out of the way."""
    return Settings(
        mongodb_uri=SecretStr(uri),
        mongodb_database=name,
        data_dir=data,
        calls_per_minute=10**9,
        operation_seconds=600,
    )


@asynccontextmanager
async def running(uri: str, name: str, data: Path) -> AsyncIterator[Bench]:
    """Run the app for the length of the block."""
    settings = settings_of(uri, name, data)
    app, database = build_app(settings), connect(settings)
    async with app.router.lifespan_context(app):
        yield Bench(app, database, DevelopmentIssuer(data).sign(Role.COMPANY_ADMIN, "bench", COMPANIES[0]))
        await database.close()
