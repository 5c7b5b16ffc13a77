"""P4: an accepted event is kept and counted once, whatever dies meanwhile."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from app.database.client import Database, connect
from app.database.embedded import EmbeddedMongod
from app.settings import Settings
from auth.development import DevelopmentIssuer
from auth.principal import Role
from tests.harness.live import LiveServer, free_port, wait_until_ready
from tests.harness.mongod import start_session_mongod
from tests.harness.recount import check_recount
from tests.harness.usage import RECORD, Item, new_id, stories

EVENTS = 50_000
WRITERS = 4
COMPANIES = 8
BATCH = 100
ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Writers:
    """Writers that send each batch until it was answered, and count the batches that were."""

    url: str
    tokens: list[str]
    batches: list[list[Item]]
    done: int = 0
    progress: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self) -> None:
        """Send everything."""
        waiting = iter(enumerate(self.batches))
        async with httpx.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as group:
            for _ in range(WRITERS):
                group.create_task(self._write(client, waiting))

    async def _write(self, client: httpx.AsyncClient, waiting: "enumerate[list[Item]]") -> None:
        for number, batch in waiting:
            headers = {"Authorization": f"Bearer {self.tokens[number % COMPANIES]}"}
            while not await self._send(client, batch, headers):  # noqa: ASYNC110 - another process decides
                await asyncio.sleep(0.1)  # what was killed comes back within a second or two
            async with self.progress:
                self.done += 1
                self.progress.notify_all()

    async def _send(self, client: httpx.AsyncClient, batch: list[Item], headers: dict[str, str]) -> bool:
        try:
            body = {"query": RECORD, "variables": {"events": batch}}
            reply = (await client.post(f"{self.url}/graphql", json=body, headers=headers)).json()
        except (httpx.TransportError, ValueError):
            return False
        result = (reply.get("data") or {}).get("recordEvents") or {}
        return int(result.get("accepted", 0)) + int(result.get("duplicates", 0)) == len(batch)

    async def reach(self, done: int) -> None:
        """Return once so many batches were answered."""
        async with self.progress:
            await self.progress.wait_for(lambda: self.done >= done)


def start_api(mongod: EmbeddedMongod, data: Path, port: int) -> LiveServer:
    """Start a server of the API that a test may kill."""
    environment = {
        **os.environ,
        "MONGODB_URI": mongod.uri,
        "MONGODB_DATABASE": "killed",
        "DATA_DIR": str(data),
        "CALLS_PER_MINUTE": "1000000",
        "LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory", "--port", str(port)]
    process = subprocess.Popen([*command, "--log-level", "critical"], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    wait_until_ready(url, process)
    return LiveServer(url, environment, process)


@asynccontextmanager
async def opened(mongod: EmbeddedMongod, data: Path) -> AsyncIterator[Database]:
    """Look into the database of the killed server."""
    database = connect(Settings(mongodb_uri=mongod.uri, mongodb_database="killed", data_dir=data))
    try:
        yield database
    finally:
        await database.close()


async def test_nothing_is_lost_or_counted_twice_when_api_and_database_are_killed(tmp_path: Path) -> None:
    """Kill -9 of the API and then of mongod, among 50 000 events of 4 writers; then everything equals a recount."""
    now = datetime.now(UTC)
    chance = random.Random(9)  # noqa: S311 - chance for a test
    items = stories(chance, EVENTS // 3, now - timedelta(days=3), now)[:EVENTS]
    batches = [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
    issuer = DevelopmentIssuer(tmp_path)
    tokens = [issuer.sign(Role.COMPANY_ADMIN, new_id(), new_id()) for _ in range(COMPANIES)]
    port = free_port()
    with start_session_mongod() as mongod:
        api = await asyncio.to_thread(start_api, mongod, tmp_path, port)
        writers = Writers(api.url, tokens, batches)
        try:
            async with asyncio.timeout(240), asyncio.TaskGroup() as group:
                group.create_task(writers.run())
                await writers.reach(len(batches) // 4)
                api.process.kill()
                api.process.wait()
                api = await asyncio.to_thread(start_api, mongod, tmp_path, port)
                await writers.reach(len(batches) // 2)
                await asyncio.to_thread(mongod.kill)
                await asyncio.to_thread(mongod.restart)
            async with opened(mongod, tmp_path) as database:
                assert await database["events"].count_documents({}) == len(items)
                async with asyncio.timeout(30):
                    while await database["usage_marks"].find_one({}):  # noqa: ASYNC110 - done by another process
                        await asyncio.sleep(0.1)
                await check_recount(database)
        finally:
            api.process.kill()
            api.process.wait()
