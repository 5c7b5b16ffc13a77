"""Metering: a sliding minute, exact seconds to wait, constant memory, one count for several hosts."""

import asyncio
import hashlib
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from pymongo import MongoClient

from app.database.client import connect
from app.database.embedded import EmbeddedMongod
from app.errors import AppError
from app.http.rate import STORE_PAUSE_SECONDS, STORE_SECONDS, RateLimiter, Windows, address_key, build_meters
from app.settings import Settings
from tests.harness.jwks_server import HandClock
from tests.harness.live import free_port


@given(maximum=st.integers(1, 20), steps=st.lists(st.floats(0.001, 40), max_size=60))
@settings(max_examples=200, deadline=None)
def test_after_the_told_wait_a_call_is_free(maximum: int, steps: list[float]) -> None:
    """Retry-After is neither a guess nor too short, and a full minute never holds twice the maximum."""
    clock = HandClock()
    windows = Windows(maximum, clock=clock)
    taken: list[float] = []
    for step in steps:
        clock.advance(step)
        wait = windows.take("a", 1)
        assert 0 <= wait <= 120
        if wait:
            clock.advance(wait + 1e-6)
            assert windows.take("a", 1) == 0
        taken.append(clock.seconds)
        assert sum(clock.seconds - 60 < moment for moment in taken) <= 2 * maximum


def test_memory_is_bounded_and_the_busy_stay() -> None:
    """A flood of new keys pushes out old ones, not the one in use."""
    windows = Windows(1_000, keys_max=100)
    for number in range(10_000):
        assert windows.take(f"key {number}", 1) == 0
        assert windows.take("busy", 1) == 0 or number > 900
    assert len(windows) <= 100


def test_looking_counts_nothing() -> None:
    """What is only checked stays free."""
    windows = Windows(1)
    assert [windows.take("a", 0) for _ in range(5)] == [0] * 5
    assert windows.take("a", 1) == 0
    assert windows.take("a", 0) > 0


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("nonsense", "unknown"),
        (None, "unknown"),
    ],
)
def test_addresses_are_counted_by_what_one_line_has(address: str | None, key: str) -> None:
    """Changing the lower half of an IPv6 address gives no new budget."""
    assert address_key(address) == key


def pseudonym(text: str) -> str:
    """Stand for the keyring's."""
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(params=["mongodb", "redis"])
async def store(request: pytest.FixtureRequest, mongod: EmbeddedMongod, tmp_path: Path) -> AsyncIterator[SecretStr]:
    """The address of a store, a really running one."""
    if request.param == "mongodb":
        yield SecretStr(mongod.uri)
        return
    server = shutil.which("redis-server")
    assert server, "redis-server is needed (scripts/test installs it)"
    port = free_port()
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(tmp_path))
    process = await asyncio.create_subprocess_exec(server, *options, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    while b"Ready to accept connections" not in await asyncio.wait_for(process.stdout.readline(), 10):
        pass
    yield SecretStr(f"redis://127.0.0.1:{port}")
    process.kill()
    await process.wait()


async def test_hosts_with_a_shared_store_count_together(store: SecretStr) -> None:
    """Two processes' worth of meters give one caller one budget."""
    both = [build_meters(Settings(rate_limit_store=store, calls_per_minute=3), pseudonym) for _ in range(2)]
    caller = uuid.uuid4().hex
    for meters in (both[0], both[1], both[0]):
        await meters.callers.count(caller)
    for meters in both:
        with pytest.raises(AppError) as caught:
            await meters.callers.count(caller)
        assert 1 <= caught.value.details["retryAfterSeconds"] <= 60  # type: ignore[operator]
        await meters.close()


async def test_no_address_stands_in_the_shared_store(mongod: EmbeddedMongod) -> None:
    """Callers are counted there under a pseudonym: with census data no address is kept anywhere."""
    meters = build_meters(Settings(rate_limit_store=SecretStr(mongod.uri)), pseudonym)
    await meters.anonymous.count("203.0.113.77")
    await meters.close()
    with MongoClient[dict[str, Any]](mongod.uri) as client:
        names = [name for name in client.list_database_names() if name not in {"admin", "config", "local"}]
        parts = [
            client[name][part] for name in names if "limits" in name for part in client[name].list_collection_names()
        ]
        kept = [str(row) for part in parts for row in part.find()]
    assert any(pseudonym("meter/203.0.113.77") in row for row in kept)
    assert not any("203.0.113.77" in row for row in kept)


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """A store that takes connections and never says a word; its address."""
    writers: list[asyncio.StreamWriter] = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for writer in writers:
            writer.close()


@pytest.mark.parametrize("address", ["mongodb://127.0.0.1:1", "redis://127.0.0.1:1", None])
async def test_without_the_shared_store_each_host_goes_on_alone(address: str | None) -> None:
    """A store that is away, or silent, costs the common count, not the service; it is asked once, then left alone."""
    async with silent_server() as silent:
        meters = build_meters(Settings(rate_limit_store=SecretStr(address or silent), calls_per_minute=5), pseudonym)
        with structlog.testing.capture_logs() as lines:
            async with asyncio.timeout(STORE_SECONDS * 8):  # five calls that each waited would need half of it more
                for _ in range(5):
                    await meters.callers.count("a")
        assert [line["event"] for line in lines] == ["rate_store_away"]
        with pytest.raises(AppError):
            await meters.callers.count("a")
        await meters.close()


async def test_a_store_that_is_away_takes_no_thread_from_the_app(mongod: EmbeddedMongod) -> None:
    """Motor has the same few threads for both: a crowd that counts must not stop the app's own reads."""
    store = SecretStr("mongodb://127.0.0.1:1")
    meters = build_meters(Settings(rate_limit_store=store), pseudonym)
    database = connect(Settings(mongodb_uri=SecretStr(mongod.uri)))
    await database.ping()
    async with asyncio.timeout(STORE_SECONDS * 8):
        await asyncio.gather(*(meters.callers.count(f"caller {number}") for number in range(40)))
        await database.ping()
    await meters.close()
    await database.close()


async def test_one_caller_looks_whether_the_store_is_back(store: SecretStr) -> None:
    """After the pause; the others go on alone until it is, and together from then on."""
    clock = HandClock()
    meters = build_meters(Settings(rate_limit_store=SecretStr("redis://127.0.0.1:1")), pseudonym)
    assert meters.shared is not None
    meters.shared.clock = clock
    with structlog.testing.capture_logs() as lines:
        for seconds in (0, 1, STORE_PAUSE_SECONDS, 1):
            clock.advance(seconds)
            await asyncio.gather(*(meters.callers.count("a") for _ in range(1 if not lines else 20)))
    assert [line["event"] for line in lines] == ["rate_store_away"] * 2
    await meters.close()
    back = build_meters(Settings(rate_limit_store=store), pseudonym)
    assert back.shared is not None
    back.shared.is_doubtful = True
    await back.callers.count("a")
    assert (back.shared.is_doubtful, back.shared.away_until) == (False, 0.0)
    await back.close()


def test_without_a_setting_nothing_is_shared() -> None:
    """The default needs no other program."""
    assert isinstance(build_meters(Settings(), pseudonym).callers, RateLimiter)


@pytest.mark.parametrize("address", ["memcached://127.0.0.1", "127.0.0.1:6379", "async+redis://127.0.0.1"])
def test_a_store_of_another_kind_is_refused_at_start(address: str) -> None:
    """Not only when the first caller is counted."""
    with pytest.raises(ValidationError, match="must begin with"):
        Settings(rate_limit_store=SecretStr(address))
