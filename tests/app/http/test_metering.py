"""Metering at the HTTP level: who is refused, when, and what they are told."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.database.embedded import EmbeddedMongod
from auth.principal import Role
from tests.harness.system import System, running_system

ASK = {"query": "{ me { kind } }"}


@pytest.fixture
async def metered(mongod: EmbeddedMongod, data_folder: Path) -> AsyncIterator[System]:
    """A system that allows three calls a minute without a token and five with one, behind one proxy."""
    limits = {"anonymous_calls_per_minute": 3, "calls_per_minute": 5, "trusted_proxies": 1}
    async with running_system(mongod.uri, data_folder, **limits) as started:
        yield started


async def call(system: System, token: str | None = None, address: str = "203.0.113.7") -> httpx.Response:
    """Call from an address, as the proxy tells it."""
    headers = {"X-Forwarded-For": f"10.0.0.1, {address}", **({"Authorization": f"Bearer {token}"} if token else {})}
    return await system.client.post("/graphql", json=ASK, headers=headers)


async def statuses(system: System, times: int, token: str | None = None, address: str = "203.0.113.7") -> list[int]:
    """Call several times and return the statuses."""
    return [(await call(system, token, address)).status_code for _ in range(times)]


async def test_calls_without_a_token_are_counted_by_address(metered: System) -> None:
    """The fourth is 429 and says when to come back; another address is not touched."""
    assert await statuses(metered, 3) == [200] * 3
    refused = await call(metered)
    assert refused.status_code == 429
    extensions = refused.json()["errors"][0]["extensions"]
    assert (extensions["code"], extensions["maximum"]) == ("RATE_LIMITED", 3)
    assert 1 <= int(refused.headers["Retry-After"]) == extensions["retryAfterSeconds"] <= 120
    assert await statuses(metered, 1, address="203.0.113.8") == [200]


async def test_callers_with_a_token_are_counted_by_who_they_are(metered: System) -> None:
    """Neither another address nor a fresh token gives a new budget, and a colleague has their own."""
    tokens = [metered.token(Role.USER, number=n) for n in range(6)]
    found = [await statuses(metered, 1, token, f"203.0.113.{n}") for n, token in enumerate(tokens)]
    assert found == [[200]] * 5 + [[429]]
    assert await statuses(metered, 1, metered.token(Role.SUPPORT)) == [200]


async def test_bad_tokens_are_counted_before_they_are_verified(metered: System) -> None:
    """Guessing ends after three tries, for good tokens from that address too; others go on."""
    assert await statuses(metered, 4, "guess") == [401, 401, 401, 429]
    good = metered.token(Role.USER)
    assert await statuses(metered, 1, good) == [429]
    assert await statuses(metered, 1, good, "203.0.113.9") == [200]


async def test_bad_tokens_do_not_shut_out_a_caller_who_is_known(metered: System) -> None:
    """A colleague behind the same address who guesses costs nobody else their service."""
    good = metered.token(Role.USER)
    assert await statuses(metered, 1, good) == [200]
    assert await statuses(metered, 4, "guess") == [401, 401, 401, 429]
    assert await statuses(metered, 1, good) == [200]


async def test_one_ipv6_line_has_one_budget(metered: System) -> None:
    """The lower 64 bits are free to change and count for nothing."""
    found = [await statuses(metered, 1, address=f"2001:db8::{n:x}") for n in range(1, 5)]
    assert found == [[200]] * 3 + [[429]]


@pytest.mark.parametrize(
    ("told", "other"),
    [
        ("203.0.113.7:{port}", "203.0.113.8:50000"),
        ("[2001:db8::1]:{port}", "[2001:db8:0:1::1]:50000"),
        ("[2001:db8::1]", "[2001:db8:0:1::1]"),
        ("2001:db8::{port}", "2001:db8:0:1::50000"),
    ],
)
async def test_a_port_behind_an_address_counts_for_nothing(metered: System, told: str, other: str) -> None:
    """Some proxies write one, and a caller has many."""
    found = [await statuses(metered, 1, address=told.format(port=port)) for port in range(5001, 5005)]
    assert found == [[200]] * 3 + [[429]]
    assert await statuses(metered, 1, address=other) == [200]


async def test_a_claimed_address_is_not_believed(metered: System) -> None:
    """Only the hop that our own proxy wrote counts."""
    for number in range(3):
        headers = {"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.7"}
        await metered.client.post("/graphql", json=ASK, headers=headers)
    assert await statuses(metered, 1) == [429]
