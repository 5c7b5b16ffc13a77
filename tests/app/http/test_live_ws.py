"""The WebSocket closes as the protocol graphql-transport-ws says, and carries queries and mutations too."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from auth.development import DevelopmentIssuer
from auth.principal import Role
from tests.harness.live import LiveServer

INIT = {"type": "connection_init"}
ASK = {"id": "1", "type": "subscribe", "payload": {"query": "{ me { roles } }"}}
WATCH = {"id": "1", "type": "subscribe", "payload": {"query": "subscription { usageChanged { asOf } }"}}


@asynccontextmanager
async def opened(live: LiveServer, protocol: str = "graphql-transport-ws") -> AsyncIterator[ClientConnection]:
    """A connection for the length of the block."""
    url = f"{live.url.replace('http', 'ws')}/graphql"
    async with connect(url, subprotocols=[Subprotocol(protocol)]) as socket:
        yield socket


async def tell(socket: ClientConnection, *messages: object) -> None:
    """Send messages, texts and bytes as they are."""
    for message in messages:
        await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))


async def read(socket: ClientConnection) -> Any:  # noqa: ANN401 - any JSON
    """Return the next message."""
    return json.loads(await socket.recv())


async def until_closed(socket: ClientConnection) -> tuple[list[Any], int | None]:
    """Return all messages to come and the code with which the server closes."""
    said = []
    try:
        while True:
            said.append(await read(socket))
    except ConnectionClosed as closed:
        return said, closed.rcvd.code if closed.rcvd else None


def init_as(live: LiveServer, role: Role, seconds: float = 3600) -> dict[str, object]:
    """The first message with a token that has so long to live."""
    token = DevelopmentIssuer(Path(live.environment["DATA_DIR"])).sign(role, hours=seconds / 3600)
    return {**INIT, "payload": {"Authorization": f"Bearer {token}"}}


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([ASK], 4401),
        ([{"type": "unknown"}], 4400),
        ([{"type": "complete", "id": "1"}, ASK], 4401),
        (["no JSON"], 4400),
        (["[]"], 4400),
        ([INIT, INIT], 4429),
        ([INIT, {"type": "unknown"}], 4400),
        ([INIT, {"type": "subscribe", "payload": {"query": "{ __typename }"}}], 4400),
        ([INIT, {"id": "1", "type": "subscribe", "payload": {}}], 4400),
        ([{**INIT, "payload": {"Authorization": "Bearer nonsense"}}], 4403),
        ([{**INIT, "payload": {"Authorization": 7}}], 4403),
        (["x" * 200_000], 1009),
        ([b"\x00\xff"], 4400),
        ([INIT, b'{"type": "ping"}'], 4400),
    ],
)
async def test_a_breach_of_the_protocol_closes_with_its_code(
    live: LiveServer, messages: list[object], code: int
) -> None:
    """Each of the protocol's codes, and nothing leaks before."""
    async with opened(live) as socket:
        await tell(socket, *messages)
        said, closing_code = await until_closed(socket)
    assert closing_code == code
    assert {message["type"] for message in said} <= {"connection_ack"}


async def test_the_same_id_twice_closes_the_connection(live: LiveServer) -> None:
    """4409, as the protocol says."""
    async with opened(live) as socket:
        await tell(socket, init_as(live, Role.COMPANY_ADMIN), WATCH, WATCH)
        assert (await until_closed(socket))[1] == 4409


async def test_queries_and_pings_are_answered(live: LiveServer) -> None:
    """One answer and its end; errors of a document come as `error`."""
    async with opened(live) as socket:
        await tell(socket, init_as(live, Role.ANALYST), {"type": "ping"})
        assert [await read(socket) for _ in range(2)] == [{"type": "connection_ack"}, {"type": "pong"}]
        await tell(socket, ASK)
        assert await read(socket) == {"id": "1", "type": "next", "payload": {"data": {"me": {"roles": ["ANALYST"]}}}}
        assert await read(socket) == {"id": "1", "type": "complete"}
        await tell(socket, {**ASK, "payload": {"query": "{ nothing }"}})
        assert (await read(socket))["type"] == "error"


async def test_another_subprotocol_is_not_spoken(live: LiveServer) -> None:
    """4406."""
    async with opened(live, "graphql-ws") as socket:
        assert await until_closed(socket) == ([], 4406)


async def test_a_ping_may_come_before_the_handshake(live: LiveServer) -> None:
    """The protocol allows it at any time."""
    async with opened(live) as socket:
        await tell(socket, {"type": "pong"}, {"type": "ping"}, INIT)
        assert [await read(socket) for _ in range(2)] == [{"type": "pong"}, {"type": "connection_ack"}]


async def test_an_idle_connection_ends_with_its_token(live: LiveServer) -> None:
    """4401 when the token runs out, though nothing is asked."""
    async with opened(live) as socket:
        await tell(socket, init_as(live, Role.ANALYST, seconds=2), ASK)
        said, code = await until_closed(socket)
    assert [message["type"] for message in said] == ["connection_ack", "next", "complete"]
    assert code == 4401


@pytest.mark.parametrize("query", ["{ me { roles } }", "mutation { recordCensus(records: []) { accepted } }"])
async def test_nothing_is_run_for_a_token_that_has_run_out(live: LiveServer, query: str) -> None:
    """The leeway for clocks that differ lets it connect, and no further."""
    async with opened(live) as socket:
        await tell(socket, init_as(live, Role.ANALYST, seconds=-10), {**ASK, "payload": {"query": query}})
        said, code = await until_closed(socket)
    assert said == [{"type": "connection_ack"}]
    assert code == 4401
