"""WebSockets and event streams have the limits of every call: origin, number, size, rate, tokens."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from app.database.embedded import EmbeddedMongod
from app.errors import AppError
from app.http.live_ws import OPERATIONS_MAX
from app.http.places import EACH_MAX, LIVE_MAX, Places
from auth.development import DevelopmentIssuer
from auth.principal import Role
from tests.harness.live import LiveServer, live_server_process

PROTOCOL = Subprotocol("graphql-transport-ws")
QUERY = {"query": "{ me { kind } }"}


@pytest.fixture(scope="module")
def server(mongod: EmbeddedMongod, data_folder: Path) -> Iterator[LiveServer]:
    """A server that allows thirty calls a minute without a token."""
    limits = {"ANONYMOUS_CALLS_PER_MINUTE": "30", "TRUSTED_PROXIES": "1"}
    with live_server_process(mongod.uri, data_folder, demo=False, **limits) as started:
        yield started


def opening(server: LiveServer, address: str, **options: Any) -> connect:  # noqa: ANN401 - websockets' own
    """Return a connection to open, from an address as the proxy tells it."""
    url = server.url.replace("http://", "ws://") + "/graphql"
    chosen = {"subprotocols": [PROTOCOL], "additional_headers": {"X-Forwarded-For": address}, **options}
    return connect(url, **chosen)


async def ask(socket: ClientConnection, message: dict[str, Any]) -> dict[str, Any]:
    """Send a message and return the next one."""
    await socket.send(orjson.dumps(message).decode())
    answer: dict[str, Any] = orjson.loads(await asyncio.wait_for(socket.recv(), 10))
    return answer


async def closing_code(socket: ClientConnection) -> int:
    """Read until the server closes and return its code."""
    await asyncio.wait_for(socket.wait_closed(), 10)
    assert socket.close_code is not None
    return socket.close_code


@pytest.mark.parametrize(
    ("origin", "is_taken"), [(None, True), ("own", True), ("https://evil.test", False), ("null", False)]
)
async def test_pages_of_other_origins_may_not_connect(
    server: LiveServer, origin: str | None, *, is_taken: bool
) -> None:
    """A browser asks nobody before it opens a WebSocket, so the server looks at who opens it."""
    given = Origin(server.url if origin == "own" else origin) if origin else None
    if is_taken:
        async with opening(server, "192.0.2.1", origin=given) as socket:
            assert (await ask(socket, {"type": "connection_init"}))["type"] == "connection_ack"
    else:
        with pytest.raises(InvalidStatus):
            await opening(server, "192.0.2.1", origin=given)


async def test_the_legacy_protocol_and_operations_before_the_handshake_are_refused(server: LiveServer) -> None:
    """Nothing is run for a connection that has not said who it is (CVE-2026-35523)."""
    async with opening(server, "192.0.2.2", subprotocols=[Subprotocol("graphql-ws")]) as socket:
        assert await closing_code(socket) == 4406
    async with opening(server, "192.0.2.2") as socket:
        await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": QUERY}).decode())
        assert await closing_code(socket) == 4401


async def test_each_operation_on_a_connection_counts_as_a_call(server: LiveServer) -> None:
    """The thirty-first is refused with a code; a socket is no way around the meter."""
    kinds = []
    async with opening(server, "192.0.2.3") as socket:
        await ask(socket, {"type": "connection_init"})  # the first call
        for number in range(31):
            answer = await ask(socket, {"id": str(number), "type": "subscribe", "payload": QUERY})
            kinds.append(answer["type"])
            if answer["type"] == "next":
                assert orjson.loads(await socket.recv())["type"] == "complete"
        assert answer["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert (kinds.count("next"), kinds[-1]) == (29, "error")


async def test_one_caller_has_so_many_live_operations(server: LiveServer, data_folder: Path) -> None:
    """However many connections they are spread over; one that ends makes room for the next."""
    token = DevelopmentIssuer(data_folder).sign(Role.USER)
    watch = {"query": "subscription { supportRequestChanged { id } }"}
    async with AsyncExitStack() as stack:
        sockets = []
        for _ in range(LIVE_MAX // OPERATIONS_MAX + 1):
            socket = await stack.enter_async_context(opening(server, "192.0.2.6"))
            await ask(socket, {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
            sockets.append(socket)
        for number in range(LIVE_MAX):
            start = {"id": str(number), "type": "subscribe", "payload": watch}
            await sockets[number // OPERATIONS_MAX].send(orjson.dumps(start).decode())
        for socket in sockets:  # what was sent before is begun by then
            assert (await ask(socket, {"type": "ping"}))["type"] == "pong"
        refused = await ask(sockets[-1], {"id": "more", "type": "subscribe", "payload": watch})
        assert (refused["type"], refused["payload"][0]["extensions"]["limit"]) == ("error", "live operations")
        await sockets[0].close()
        async with asyncio.timeout(10):  # the server ends them when it hears of it, which nobody tells
            while (await ask(sockets[-1], {"id": "again", "type": "subscribe", "payload": QUERY}))["type"] != "next":
                pass


@pytest.mark.parametrize("message", ["x" * 200_000, "{" * 1_000, '{"type":"ping"' + " " * 140_000 + "}", "null", "{}"])
async def test_odd_and_oversized_messages_end_the_connection(server: LiveServer, message: str) -> None:
    """They are neither kept nor answered with a stack trace."""
    async with opening(server, "192.0.2.4") as socket:
        await ask(socket, {"type": "connection_init"})
        await socket.send(message)
        assert await closing_code(socket) in {1009, 4400}


async def test_a_flood_of_messages_ends_the_connection(server: LiveServer) -> None:
    """Pings too are bounded."""
    async with opening(server, "192.0.2.5") as socket:
        await ask(socket, {"type": "connection_init"})
        with suppress(ConnectionClosed):
            for _ in range(3_000):
                await socket.send('{"type":"ping"}')
                await socket.recv()
        assert await closing_code(socket) == 4429


async def test_one_address_has_so_many_connections(server: LiveServer) -> None:
    """The next is told to try again later until one closes; other addresses are not touched."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(opened(server, "192.0.2.6")) for _ in range(EACH_MAX)]
    sockets = [task.result() for task in tasks]
    for _ in range(2):  # who is told so has no place
        async with opening(server, "192.0.2.6") as refused:
            assert await closing_code(refused) == 1013
    async with opening(server, "192.0.2.7"):
        pass
    await sockets.pop().close()
    async with opening(server, "192.0.2.6") as socket:
        assert (await ask(socket, {"type": "connection_init"}))["type"] == "connection_ack"
    for socket in sockets:
        await socket.close()


async def opened(server: LiveServer, address: str) -> ClientConnection:
    """Open a connection and leave it open."""
    return await opening(server, address)


@pytest.fixture
async def client(server: LiveServer) -> AsyncIterator[httpx.AsyncClient]:
    """A client that asks for event streams."""
    headers = {"Accept": "text/event-stream", "X-Forwarded-For": "192.0.2.8"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as opened_client:
        yield opened_client


async def test_event_streams_are_calls_too(client: httpx.AsyncClient) -> None:
    """Metered, and refused like any other call."""
    statuses = [(await client.post("/graphql", json=QUERY)).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]


def test_places_are_given_back() -> None:
    """Whatever ends the block."""
    places = Places(total_max=3, each_max=2)
    with places.take("a"), places.take("a"), pytest.raises(AppError), places.take("a"):
        pass
    with places.take("a"), places.take("b"), places.take("c"), pytest.raises(AppError), places.take("d"):
        pass
    assert len(places) == 0
