"""Metering: a sliding minute, exact seconds to wait, constant memory, one count for several hosts."""

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from app.database.embedded import EmbeddedMongod
from app.errors import AppError
from app.http.rate import RateLimiter, Windows, address_key, build_meters
from app.settings import Settings
from tests.harness.jwks_server import HandClock


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


async def test_hosts_with_a_shared_store_count_together(mongod: EmbeddedMongod) -> None:
    """Two processes' worth of meters on the embedded MongoDB give one caller one budget."""
    uri = SecretStr(mongod.uri)
    both = [build_meters(Settings(rate_limit_store=uri, calls_per_minute=3)) for _ in range(2)]
    caller = uuid.uuid4().hex
    for meters in (both[0], both[1], both[0]):
        await meters.callers.count(caller)
    for meters in both:
        with pytest.raises(AppError) as caught:
            await meters.callers.count(caller)
        assert 1 <= caught.value.details["retryAfterSeconds"] <= 60  # type: ignore[operator]
        await meters.close()


async def test_without_the_shared_store_each_host_goes_on_alone() -> None:
    """A store that is away costs the common count, not the service."""
    store = SecretStr("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50")
    meters = build_meters(Settings(rate_limit_store=store, calls_per_minute=2))
    await meters.callers.count("a")
    await meters.callers.count("a")
    with pytest.raises(AppError):
        await meters.callers.count("a")
    await meters.close()


def test_without_a_setting_nothing_is_shared() -> None:
    """The default needs no other program."""
    assert isinstance(build_meters(Settings()).callers, RateLimiter)
