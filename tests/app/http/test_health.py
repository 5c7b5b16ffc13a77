"""Liveness and readiness: cheap for crowds, and told in a status."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette

from app.http.health import health_routes
from tests.harness.system import System


@dataclass
class SlowLook:
    """A look at the database that takes until the test lets it end, and counts how often it is taken."""

    finding: Any
    taken: int = 0
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> Any:  # noqa: ANN401 - what the test gives
        """Look."""
        self.taken += 1
        self.has_begun.set()
        await self.may_end.wait()
        return self.finding


async def no_hindrance() -> None:
    """The database answers."""


async def no_warnings() -> list[str]:
    """There is nothing to look at."""
    return []


async def ask_at_once(
    hindrance: Callable[[], Awaitable[str | None]], warnings: Callable[[], Awaitable[list[str]]], slow: SlowLook
) -> list[httpx.Response]:
    """Return what fifty are told who ask while `slow`, one of the two, is being taken."""
    transport = httpx.ASGITransport(Starlette(routes=health_routes(hindrance, warnings)))
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://api.test") as client,
        asyncio.TaskGroup() as group,
    ):
        asking = [group.create_task(client.get("/ready")) for _ in range(50)]
        await slow.has_begun.wait()
        slow.may_end.set()
    return [task.result() for task in asking]


async def test_a_crowd_that_asks_costs_one_check() -> None:
    """Fifty at once are one look at the database; the next one is a new look."""
    look = SlowLook(finding="database away")
    answers = await ask_at_once(look, no_warnings, look)
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["retry-after"] for answer in answers} == {"2"}
    assert look.taken <= 2


async def test_a_crowd_that_is_ready_costs_one_look_at_the_warnings_too() -> None:
    """They are many reads, and each prober would make them."""
    warnings = SlowLook(finding=["late"])
    answers = await ask_at_once(no_hindrance, warnings, warnings)
    assert [answer.json()["warnings"] for answer in answers] == [["late"]] * 50
    assert warnings.taken <= 2


async def test_health_and_readiness_are_told(system: System) -> None:
    """Both are 200 while all is well."""
    assert (await system.client.get("/health")).json() == {"status": "alive"}
    assert (await system.client.get("/ready")).json()["status"] == "ready"


async def test_a_host_whose_clock_is_wrong_is_not_ready_until_it_is_right(system: System) -> None:
    """It takes no mutation, so those who balance the load are to ask another; it is alive, and says what is wrong."""
    told = []
    for days in (-6, 12, -6):
        system.host_clock.move(days=days)
        reply = await system.client.get("/ready")
        told.append((reply.status_code, reply.json()["status"], "retry-after" in reply.headers))
    assert told == [(503, "clock differs", True)] * 2 + [(200, "ready", False)]
    assert (await system.client.get("/health")).status_code == 200
