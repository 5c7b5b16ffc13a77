"""An event stream ends quietly whoever ends it."""

import asyncio
import json
from typing import Any

import pytest
import structlog

from auth.principal import Role
from tests.harness.system import System

WATCH = json.dumps({"query": "subscription W { usageChanged { asOf } }"}).encode()


async def test_a_client_that_hangs_up_is_logged_as_any_call(system: System) -> None:
    """Once, with what was asked and for how long; it is no defect."""
    has_begun, has_gone = asyncio.Event(), asyncio.Event()
    given: list[dict[str, Any]] = [{"type": "http.request", "body": WATCH, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if given:
            return given.pop()
        await has_gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:  # noqa: ANN401 - an ASGI message
        if message["type"] == "http.response.start":
            has_begun.set()

    token = system.token(Role.COMPANY_ADMIN)
    headers = {"accept": "text/event-stream", "content-type": "application/json", "authorization": f"Bearer {token}"}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    with structlog.testing.capture_logs() as lines:
        call = asyncio.create_task(system.app(scope, receive, send))
        await has_begun.wait()
        has_gone.set()
        async with asyncio.timeout(10):
            await call
    assert [(line["event"], line["log_level"]) for line in lines] == [("operation", "info")]


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [("GET", {}, 405), ("POST", {"Authorization": "Bearer guess"}, 401), ("POST", {"Content-Type": "text/plain"}, 415)],
)
async def test_a_refused_stream_has_the_headers_of_every_answer(
    system: System, method: str, headers: dict[str, str], status: int
) -> None:
    """An id to quote that the log has too, and nobody keeps it."""
    asked = {"Accept": "text/event-stream", "Content-Type": "application/json", **headers}
    with structlog.testing.capture_logs() as lines:
        reply = await system.client.request(method, "/graphql", headers=asked, content=WATCH)
    assert (reply.status_code, reply.headers.get("cache-control")) == (status, "no-store")
    assert {line["request_id"] for line in lines} == {reply.headers.get("x-request-id")}
