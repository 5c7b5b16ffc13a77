"""Public clients receive live dashboards: graphql-ws over WebSocket and graphql-sse over server-sent events."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from auth.development import DevelopmentIssuer
from auth.principal import Role
from tests.harness.live import LiveServer
from tests.harness.usage import RECORD, created, new_id

HERE = Path(__file__).parent
WATCH = "subscription { usageChanged(days: 1) { totals { requestsCreated } approvalRate asOf } }"
SCRIPTS = ("live_ws.mjs", "live_sse.mjs")
LAST = {"live_ws.mjs": {"closed": 4401}, "live_sse.mjs": {"complete": True}}


@dataclass(frozen=True, slots=True)
class Watcher:
    """A running client."""

    process: asyncio.subprocess.Process

    async def next(self) -> Any:  # noqa: ANN401 - any JSON
        """Return what it prints next."""
        assert self.process.stdout
        line = await asyncio.wait_for(self.process.stdout.readline(), 20)
        return json.loads(line)

    async def created(self) -> int:
        """Return the requests created, as the next answer tells."""
        answer = await self.next()
        return int(answer["data"]["usageChanged"]["totals"]["requestsCreated"])


@asynccontextmanager
async def watching(script: str, live: LiveServer, token: str) -> AsyncIterator[Watcher]:
    """Run a client for the length of the block."""
    node = shutil.which("node")
    assert node, "Node is needed (scripts/test says how)"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(node, script, live.url, token, WATCH, cwd=HERE, stdout=pipe)
    try:
        yield Watcher(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def issuer(live: LiveServer) -> DevelopmentIssuer:
    """The live server's issuer."""
    return DevelopmentIssuer(Path(live.environment["DATA_DIR"]))


async def record(live: LiveServer, token: str, number: int) -> None:
    """Record so many creations, each in a call of its own."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        for _ in range(number):
            body = {"query": RECORD, "variables": {"events": [created(datetime.now(UTC), new_id())]}}
            assert (await client.post(f"{live.url}/graphql", json=body)).json()["data"]["recordEvents"]["accepted"] == 1


@pytest.mark.parametrize("script", SCRIPTS)
async def test_a_public_client_sees_its_own_company_change_at_most_once_a_second(live: LiveServer, script: str) -> None:
    """Ten calls within a second are one update; another company's are none."""
    own = issuer(live).sign(Role.COMPANY_ADMIN, new_id(), new_id())
    other = issuer(live).sign(Role.COMPANY_ADMIN, new_id(), new_id())
    async with watching(script, live, own) as watcher:
        assert await watcher.created() == 0
        await record(live, other, 1)
        await record(live, own, 10)
        seen = [await watcher.created()]
        while seen[-1] < 10:
            seen.append(await watcher.created())
        assert len(seen) <= 2


@pytest.mark.parametrize("script", SCRIPTS)
async def test_a_stream_ends_with_its_token(live: LiveServer, script: str) -> None:
    """When the token runs out the client is told, and nothing follows."""
    token = issuer(live).sign(Role.COMPANY_ADMIN, new_id(), new_id(), hours=2.5 / 3600)
    async with watching(script, live, token) as watcher:
        assert await watcher.created() == 0
        ended = await watcher.next()
        assert ended["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await watcher.next() == LAST[script]


@pytest.mark.parametrize("script", SCRIPTS)
async def test_a_stream_is_refused_without_the_right(live: LiveServer, script: str) -> None:
    """An analyst watches no customer's usage."""
    async with watching(script, live, issuer(live).sign(Role.ANALYST)) as watcher:
        assert (await watcher.next())["errors"][0]["extensions"]["code"] == "FORBIDDEN"
