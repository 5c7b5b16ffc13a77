"""Liveness and readiness: cheap for crowds, and told in a status."""

import asyncio

import httpx
from starlette.applications import Starlette

from app.http.health import health_routes
from tests.harness.system import System


async def test_a_crowd_that_asks_costs_one_check() -> None:
    """Fifty at once are one look at the database; the next one is a new look."""
    looks, has_begun, may_end = 0, asyncio.Event(), asyncio.Event()

    async def look() -> bool:
        nonlocal looks
        looks += 1
        has_begun.set()
        await may_end.wait()
        return False

    async def no_warnings() -> list[str]:
        return []

    transport = httpx.ASGITransport(Starlette(routes=health_routes(look, no_warnings)))
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://api.test") as client,
        asyncio.TaskGroup() as group,
    ):
        asking = [group.create_task(client.get("/ready")) for _ in range(50)]
        await has_begun.wait()
        may_end.set()
    assert {task.result().status_code for task in asking} == {503}
    assert {task.result().headers["retry-after"] for task in asking} == {"2"}
    assert looks <= 2


async def test_a_crowd_that_is_ready_costs_one_look_at_the_warnings_too() -> None:
    """They are many reads, and each prober would make them."""
    looks, has_begun, may_end = 0, asyncio.Event(), asyncio.Event()

    async def look() -> bool:
        return True

    async def warnings() -> list[str]:
        nonlocal looks
        looks += 1
        has_begun.set()
        await may_end.wait()
        return ["late"]

    transport = httpx.ASGITransport(Starlette(routes=health_routes(look, warnings)))
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://api.test") as client,
        asyncio.TaskGroup() as group,
    ):
        asking = [group.create_task(client.get("/ready")) for _ in range(50)]
        await has_begun.wait()
        may_end.set()
    assert [task.result().json()["warnings"] for task in asking] == [["late"]] * 50
    assert looks <= 2


async def test_health_and_readiness_are_told(system: System) -> None:
    """Both are 200 while all is well."""
    assert (await system.client.get("/health")).json() == {"status": "alive"}
    assert (await system.client.get("/ready")).json()["status"] == "ready"
