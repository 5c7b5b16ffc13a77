"""The connection's own bounds, tried on the protocol class with short times; `tests/edge` tries them on a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from app.http.protocol import HEADERS_MAX, HEADERS_MAX_BYTES, BoundedProtocol

GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
END = b"\r\n"
FLOOD = b"x" * (32 << 20)  # more than the buffers of two sockets hold


class WatchedProtocol(BoundedProtocol):
    """The same, which says when it ends. Its times are those of production: a test must not hang on the machine's."""

    def connection_lost(self, exc: Exception | None) -> None:
        """End, and say so."""
        super().connection_lost(exc)
        self.app_state["lost"].set()


class ShortProtocol(WatchedProtocol):
    """The same with times that a test waits for."""

    head_seconds = 0.2
    write_seconds = 0.2


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer in the way that the path says."""
    headers = [] if scope["path"] == "/stream" else [(b"content-length", b"2")]
    body = b"ok"
    if scope["path"] == "/flood":
        headers, body = [(b"content-length", str(len(FLOOD)).encode())], FLOOD
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": scope["path"] == "/stream"})
    while scope["path"] == "/stream" and (await receive())["type"] != "http.disconnect":
        pass


class Server:
    """The protocol on a free port, in this process."""

    def __init__(self, kind: type[BoundedProtocol] = WatchedProtocol) -> None:
        """Make the parts that uvicorn would."""
        self.kind = kind
        self.config = Config(app, lifespan="off", access_log=False, server_header=False, date_header=False)
        self.config.load()
        self.state = ServerState()
        self.lost = asyncio.Event()

    def protocol(self) -> BoundedProtocol:
        """Return the protocol of a new connection."""
        return self.kind(config=self.config, server_state=self.state, app_state={"lost": self.lost})

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Open a connection to it."""
        listening = await asyncio.get_running_loop().create_server(self.protocol, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()
            listening.close()


async def answer_to(*sent: bytes, kind: type[BoundedProtocol] = WatchedProtocol) -> bytes:
    """Send pieces one after the other and return all that comes back until the server hangs up."""
    async with Server(kind).connected() as (reader, writer):
        for piece in sent:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 5)


@pytest.mark.parametrize("sent", [b"", b"GET", GET, GET + b"X-Slow: "])
async def test_a_request_that_does_not_come_to_its_headers_end_is_hung_up_on(sent: bytes) -> None:
    """Also one that never begins."""
    assert await answer_to(sent, kind=ShortProtocol) == b""


async def test_requests_after_the_first_have_the_same_time() -> None:
    """Half a second request on a kept connection is not waited for."""
    answer = await answer_to(GET + END, GET, kind=ShortProtocol)
    assert answer.count(b"200 OK") == 1


@pytest.mark.parametrize(
    "sent",
    [
        GET + b"A: " + b"a" * HEADERS_MAX_BYTES + END + END,
        GET + b"A: " + b"a" * (HEADERS_MAX_BYTES + 100),
        GET + b"A: b\r\n" * (HEADERS_MAX + 1) + END,
        b"GET /?" + b"a" * HEADERS_MAX_BYTES + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
async def test_too_many_or_too_large_headers_are_431(sent: bytes) -> None:
    """With a code and the limit, on a connection that ends."""
    answer = await answer_to(sent)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"maximum":%d' % HEADERS_MAX_BYTES in answer


async def test_what_is_no_http_is_400() -> None:
    """With a code too."""
    answer = await answer_to(b"\x16\x03\x01" * 50)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"BAD_USER_INPUT"' in answer


async def test_headers_just_below_the_bounds_are_taken() -> None:
    """On each of several requests of one connection."""
    one = GET + b"A: " + b"a" * (HEADERS_MAX_BYTES - 100) + END + END
    last = GET + b"Connection: close\r\n" * 2 + b"A: b\r\n" * (HEADERS_MAX - 3) + END
    assert (await answer_to(one, one, last)).count(b"200 OK") == 3


async def test_a_caller_that_does_not_read_is_hung_up_on() -> None:
    """What waits for it is let go."""
    server = Server(ShortProtocol)
    async with server.connected() as (_, writer):
        writer.write(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.wait_for(server.lost.wait(), 5)
    assert not server.state.connections


async def test_a_caller_that_reads_late_gets_all() -> None:
    """A pause is no refusal to read, and is forgotten once all is read."""
    server = Server()
    async with server.connected() as (reader, writer):
        writer.write(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readexactly(1)
        (connection,) = server.state.connections
        assert isinstance(connection, WatchedProtocol)
        assert connection._write_timer is not None
        assert len(await asyncio.wait_for(reader.readexactly(len(FLOOD)), 15)) == len(FLOOD)
        assert connection._write_timer is None


async def test_a_stop_ends_streams_and_idle_connections() -> None:
    """An event stream has no end of its own, so a stop must not wait for it."""
    server = Server()
    async with server.connected() as (reader, writer):
        writer.write(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"ok")
        (connection,) = server.state.connections
        connection.shutdown()
        await asyncio.wait_for(reader.read(), 5)
    async with server.connected() as (reader, writer):
        writer.write(GET + END)
        await reader.readuntil(b"ok")
        for connection in server.state.connections:
            connection.shutdown()
        assert await asyncio.wait_for(reader.read(), 5) == b""
