"""The server itself: clients that stall, creep, send too much or too little, and a stop while something runs."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from app.database.embedded import EmbeddedMongod
from app.http.protocol import HEADERS_SECONDS
from tests.harness.live import LiveServer, live_server_process

ASK = {"query": "{ me { kind } }"}
UPLOAD = b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(scope="module")
def server(mongod: EmbeddedMongod, data_folder: Path) -> Iterator[LiveServer]:
    """A server of this module's own, whose bodies must arrive in three seconds."""
    with live_server_process(mongod.uri, data_folder, demo=False, BODY_SECONDS="3") as started:
        yield started


@asynccontextmanager
async def connected(server: LiveServer, count: int, sent: bytes) -> AsyncIterator[list[Connection]]:
    """Open connections that send this and no more."""
    port = httpx.URL(server.url).port
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    try:
        for _, writer in opened:
            writer.write(sent)
            await writer.drain()
        yield opened
    finally:
        for _, writer in opened:
            writer.close()


async def answer_to(server: LiveServer, sent: bytes) -> bytes:
    """Send bytes and return all that comes back until the server hangs up."""
    async with connected(server, 1, sent) as [(reader, _)]:
        return await asyncio.wait_for(reader.read(), 15)


async def slowest_of(server: LiveServer, calls: int = 20) -> float:
    """Return the median time of ordinary calls, each answered 200."""
    taken = []
    async with httpx.AsyncClient(base_url=server.url) as client:
        for _ in range(calls):
            started = time.perf_counter()
            assert (await client.post("/graphql", json=ASK)).status_code == 200
            taken.append(time.perf_counter() - started)
    return sorted(taken)[calls // 2]


async def test_500_stalled_connections_and_100_slow_uploads_leave_it_answering(server: LiveServer) -> None:
    """Others keep their latency, the slow ones are hung up on, and the memory comes back to within 10 %."""
    process = psutil.Process(server.process.pid)
    usual = await slowest_of(server)
    before = process.memory_info().rss
    async with connected(server, 500, b"POST /graphql HTTP/1.1\r\nHost: a\r\nX-Slow: ") as stalled:
        async with connected(server, 100, UPLOAD + b" " * 300_000) as uploads:
            assert await slowest_of(server) < usual * 3 + 0.02
            replies = await asyncio.wait_for(asyncio.gather(*(reader.read() for reader, _ in uploads)), 10)
            assert all(reply.startswith(b"HTTP/1.1 408") for reply in replies)
        ends = await asyncio.wait_for(asyncio.gather(*(reader.read() for reader, _ in stalled)), HEADERS_SECONDS + 5)
        assert set(ends) == {b""}
    assert await slowest_of(server) < usual * 3 + 0.02
    assert process.memory_info().rss < before * 1.1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /health HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 50_000 + b"\r\n\r\n", 431),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 100_000, 431),
        (b"GET /health HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 1_000 + b"\r\n", 431),
        (b"GET /health?" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}   ", 400),
        (b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /graphql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00" * 20, 400),
    ],
)
async def test_what_is_too_large_or_ambiguous_is_refused(server: LiveServer, sent: bytes, status: int) -> None:
    """Coded like every refusal, and the connection is not kept: nobody can smuggle a second request in."""
    answer = await answer_to(server, sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"nosniff" in head
    assert json.loads(body)["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_many_requests_in_one_packet_are_each_answered(server: LiveServer) -> None:
    """Pipelining is served in order and ends with the connection."""
    one = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = await answer_to(server, one * 50 + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert answer.count(b"HTTP/1.1 200 OK") == 51


async def test_the_server_names_neither_itself_nor_its_version(server: LiveServer) -> None:
    """What runs here is nobody's business."""
    async with httpx.AsyncClient() as client:
        assert "server" not in (await client.get(f"{server.url}/health")).headers


async def test_a_stop_lets_a_running_operation_finish(mongod: EmbeddedMongod, data_folder: Path) -> None:
    """SIGTERM in the middle of an upload: the upload is completed and answered, then the process ends."""
    body = json.dumps(ASK).encode()
    with live_server_process(mongod.uri, data_folder, demo=False) as server:
        head = UPLOAD.replace(b"1000000", b"%d" % len(body))
        async with connected(server, 1, head + body[:5]) as [(reader, writer)]:
            await slowest_of(server, 1)  # so that the upload has arrived before the signal does
            server.process.terminate()
            async with httpx.AsyncClient() as client:
                while await is_listening(client, server.url):
                    pass
            writer.write(body[5:])
            assert b'"kind"' in await asyncio.wait_for(reader.read(), 10)
        await asyncio.to_thread(server.process.wait, 10)


async def is_listening(client: httpx.AsyncClient, url: str) -> bool:
    """Return whether new connections are taken."""
    try:
        await client.get(f"{url}/health", headers={"Connection": "close"})
    except httpx.TransportError:
        return False
    return True
