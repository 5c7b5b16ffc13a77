"""The whole running system for a test: the real app on the real mongod, asked over HTTP with real tokens."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from app.clock import utc_now
from app.main import Parts, build_app, build_services, close_services, prepare_services
from app.settings import Settings
from auth.development import DevelopmentIssuer
from auth.principal import Role
from graphql_schema.context import Services
from tests.harness.databases import empty_database


@dataclass(slots=True)
class MovableClock:
    """A clock that a test moves; it starts at the present, and stands still where `stopped_at` says so."""

    shift: timedelta = timedelta(0)
    stopped_at: datetime | None = None

    def __call__(self) -> datetime:
        """Return the present, shifted."""
        return (self.stopped_at or utc_now()) + self.shift

    def move(self, **shift: float) -> None:
        """Move by hours, days, ..."""
        self.shift += timedelta(**shift)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    body: dict[str, Any]
    headers: httpx.Headers

    @property
    def data(self) -> Any:  # noqa: ANN401 - any JSON
        """The `data` entry."""
        return self.body.get("data")

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The errors."""
        return list(self.body.get("errors", ()))

    @property
    def codes(self) -> list[str]:
        """The codes of the errors."""
        return [error["extensions"]["code"] for error in self.errors]

    def error_at(self, *path: str | int) -> dict[str, Any]:
        """Return the error at a path."""
        return next(error for error in self.errors if error.get("path") == list(path))


@dataclass(slots=True)
class System:
    """The running system and how a test speaks to it."""

    app: Starlette
    services: Services
    clock: MovableClock
    issuer: DevelopmentIssuer
    client: httpx.AsyncClient
    host_clock: MovableClock  # of this host alone, where `clock` is the time everywhere
    _tokens: dict[tuple[object, ...], str] = field(default_factory=dict, repr=False)  # pytest shows arguments

    def token(self, role: Role, user_id: str | None = None, company_id: str | None = None, **claims: object) -> str:
        """Return a token; without ids it is for the role's person of the demo data."""
        key = (role, user_id, company_id, repr(sorted(claims.items())))
        if key not in self._tokens:
            self._tokens[key] = self.issuer.sign(role, user_id, company_id, hours=24 * 365, **claims)
        return self._tokens[key]

    async def ask(
        self,
        query: str,
        role: Role | None = None,
        *,
        token: str | None = None,
        operation: str | None = None,
        **variables: object,
    ) -> Reply:
        """Run an operation as a role (or with a token of the test's own) and return the reply."""
        token = token or (self.token(role) if role else None)
        body = {"query": query, "variables": variables, "operationName": operation}
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = await self.client.post("/graphql", json=body, headers=headers)
        return Reply(response.status_code, response.json(), response.headers)


LIMITS = {"calls_per_minute": 1_000_000, "anonymous_calls_per_minute": 1_000_000}


@asynccontextmanager
async def running_system(mongodb_uri: str, data: Path, **changes: object) -> AsyncIterator[System]:
    """Run the app on a database of its own for the length of the block."""
    async with AsyncExitStack() as stack:
        if "mongodb_database" not in changes:
            changes["mongodb_database"] = await stack.enter_async_context(empty_database(mongodb_uri))
        values = {"environment": "development", **LIMITS, **changes}
        settings = Settings(mongodb_uri=mongodb_uri, data_dir=data, **values)  # type: ignore[arg-type]
        clock, host_clock = MovableClock(), MovableClock()
        app = build_app(settings, Parts(clock=clock, host_clock=host_clock))
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://api.test"))
        services = build_services(settings)
        stack.push_async_callback(close_services, services)
        await prepare_services(services)
        yield System(app, services, clock, DevelopmentIssuer(data), client, host_clock)
