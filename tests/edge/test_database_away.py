"""The database is killed under a running system: callers are told at once, and it heals by itself."""

import json
import time
from pathlib import Path

import httpx

from app.database.embedded import EmbeddedMongod
from app.main import build_app
from app.settings import Settings
from auth.principal import Role
from tests.harness.issuer import AUDIENCE, TestIssuer, private_key, public_pem
from tests.harness.system import running_system

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
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


async def test_good_tokens_are_not_refused_while_the_keys_are_away(tmp_path: Path) -> None:
    """Ids of a directory are hashed by a key in the database: without it nothing is known of the token (503, not 401).

    Nor does it count as guessing, which would shut out a whole office.
    """
    issuer = TestIssuer()
    entry: dict[str, object] = {
        "issuer": issuer.name,
        "audience": AUDIENCE,
        "pem": public_pem(private_key("ES256")).decode(),
    }
    entry |= {"hashed_ids": True, "user_path": "oid", "company_path": "tid"}
    settings = Settings(
        mongodb_uri="mongodb://127.0.0.1:1",
        data_dir=tmp_path,
        database_timeout_ms=50,
        jwt_issuers=json.dumps([entry]),
        anonymous_calls_per_minute=2,
    )
    token = issuer.sign({"tid": TENANT, "oid": "00000000-0000-0000-66f3-3332eca7ea81", "roles": ["user"]})
    app = build_app(settings)
    transport = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api.test", headers=headers) as client,
    ):
        replies = [await client.post("/graphql", json={"query": PRACTICES}) for _ in range(4)]
    assert {reply.status_code for reply in replies} == {503}
    assert {reply.json()["errors"][0]["extensions"]["code"] for reply in replies} == {"UNAVAILABLE"}
