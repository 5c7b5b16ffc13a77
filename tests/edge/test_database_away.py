"""The database is killed under a running system: callers are told at once, and it heals by itself."""

import time
from pathlib import Path

from app.database.embedded import EmbeddedMongod
from auth.principal import Role
from tests.harness.system import running_system

USERS = "{ users(first: 1) { nodes { id } } }"
PRACTICES = "{ dataPractices { version } }"
TOLD_SECONDS = 5


async def test_kill_9_of_mongod_is_503_within_5_seconds_and_heals(tmp_path: Path, data_folder: Path) -> None:
    """503 with Retry-After and a code while it is away; what needs no database goes on; then 200 again."""
    mongod = EmbeddedMongod.start(tmp_path)
    try:
        async with running_system(mongod.uri, data_folder) as system:
            assert (await system.ask(USERS, Role.SUPPORT)).errors == []
            mongod.kill()
            for _ in range(2):
                started = time.perf_counter()
                reply = await system.ask(USERS, Role.SUPPORT)
                assert time.perf_counter() - started < TOLD_SECONDS
                assert (reply.status, set(reply.codes)) == (503, {"UNAVAILABLE"})
                assert int(reply.headers["Retry-After"]) > 0
            assert (await system.ask(PRACTICES)).errors == []
            assert (await system.client.get("/ready")).status_code == 503
            assert (await system.client.get("/health")).status_code == 200
            mongod.restart()
            started = time.perf_counter()
            assert (await system.ask(USERS, Role.SUPPORT)).errors == []
            assert (await system.client.get("/ready")).status_code == 200
            assert time.perf_counter() - started < TOLD_SECONDS
    finally:
        mongod.stop()
