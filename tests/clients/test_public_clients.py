"""Client libraries that nobody here wrote work against the really running server."""

import asyncio
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport

from auth.development import DevelopmentIssuer
from auth.principal import Role
from tests.harness.live import LiveServer

HERE = Path(__file__).parent
RECORD = """
mutation Record($events: [EventInput!]!) {
  recordEvents(events: $events) { accepted duplicates rejected { index field } }
}
"""


def token_for(live: LiveServer, role: Role) -> str:
    """Return a token of the live server's development issuer."""
    return DevelopmentIssuer(Path(live.environment["DATA_DIR"])).sign(role)


async def test_gql_runs_a_query_and_a_mutation(live: LiveServer) -> None:
    """`gql` from PyPI, its schema fetched by introspection, so that it validates what it sends."""
    headers = {"Authorization": f"Bearer {token_for(live, Role.COMPANY_ADMIN)}"}
    transport = AIOHTTPTransport(url=f"{live.url}/graphql", headers=headers)
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        read = await session.execute(gql("{ me { kind roles } users(first: 2) { nodes { id kind } } }"))
        assert read["me"]["roles"] == ["COMPANY_ADMIN"]
        assert len(read["users"]["nodes"]) == 2
        now = datetime.now(UTC).isoformat()
        body = {"eventId": f"gql-{now}", "occurredAt": now, "requestId": "5E872200-F546-4CCD-8F23-AF5F507AA2DD"}
        request = gql(RECORD)
        request.variable_values = {"events": [{"requestApproved": body}] * 2}
        written = await session.execute(request)
        assert written["recordEvents"] == {"accepted": 1, "duplicates": 1, "rejected": []}


async def test_apollo_client_runs_a_query_and_a_mutation(live: LiveServer) -> None:
    """`@apollo/client` from npm; a refused field is null beside the others."""
    found = await run_node("apollo.mjs", live.url, token_for(live, Role.COMPANY_ADMIN))
    assert found["data"]["me"]["roles"] == ["COMPANY_ADMIN"]
    assert len(found["data"]["users"]["nodes"]) == 3
    assert set(found["refused"]) <= {"FORBIDDEN"}
    assert found["written"]["recordErrors"]["accepted"] == 1
    assert found["written"]["recordErrors"]["rejected"][0]["field"] == "occurredAt"


async def run_node(script: str, *arguments: str) -> Any:  # noqa: ANN401 - any JSON
    """Run a script of this folder and return the JSON that it prints."""
    node = shutil.which("node")
    assert node, "Node is needed (scripts/test says how)"
    process = await asyncio.create_subprocess_exec(
        node, script, *arguments, cwd=HERE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, words = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, words.decode()
    return json.loads(out)
