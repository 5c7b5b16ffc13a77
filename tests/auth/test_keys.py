"""Keys over HTTP: fetched by one at a time, never twice within the cool-down, and kept when the answer is bad."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from auth.keys import (
    BODY_MAX_BYTES,
    COOL_DOWN_SECONDS,
    REFRESH_SECONDS,
    UNKNOWN_MAX,
    KeysUnavailableError,
    RemoteKeys,
)
from auth.tokens import TokenVerifier
from tests.auth.refusal import refusal
from tests.harness.issuer import TestIssuer
from tests.harness.jwks_server import HandClock, JwksServer


@pytest.fixture
async def server() -> AsyncIterator[JwksServer]:
    """Serve the keys of the usual issuer."""
    async with JwksServer(TestIssuer().jwks()) as server:
        yield server


@pytest.fixture
def clock() -> HandClock:
    """Give a clock that stands still."""
    return HandClock(1000.0)


@pytest.fixture
async def keys(server: JwksServer, clock: HandClock) -> AsyncIterator[RemoteKeys]:
    """Give the key source under test."""
    keys = RemoteKeys(server.url, clock=clock)
    yield keys
    await keys.aclose()


async def knows(keys: RemoteKeys, key_id: str = "ec-1") -> bool:
    """Tell whether the source finds a key."""
    return bool(await keys.find(key_id, "ES256"))


async def settle(keys: RemoteKeys) -> None:
    """Wait for a fetch that runs in the background."""
    if keys._fetching is not None:
        await asyncio.wait([keys._fetching])


async def test_keys_are_fetched_once_and_kept(server: JwksServer, keys: RemoteKeys) -> None:
    """Many tokens cost one fetch."""
    assert all([await knows(keys) for _ in range(20)])
    assert server.hits == 1


async def test_a_thousand_unknown_key_ids_cost_one_fetch(
    server: JwksServer, keys: RemoteKeys, clock: HandClock
) -> None:
    """A storm of tokens with invented key ids makes at most one fetch per cool-down."""
    await knows(keys)
    for storm in range(2, 5):
        clock.advance(COOL_DOWN_SECONDS)
        found = await asyncio.gather(*(knows(keys, f"invented-{storm}-{n}") for n in range(1000)))
        assert not any(found)
        assert server.hits == storm
    clock.advance(COOL_DOWN_SECONDS - 1)
    assert not await knows(keys, "one-more")
    assert server.hits == 4
    assert len(keys._unknown) <= UNKNOWN_MAX


async def test_a_storm_at_the_start_costs_one_fetch_too(server: JwksServer, keys: RemoteKeys) -> None:
    """A thousand callers before the first answer wait for the same fetch, and each gets its keys."""
    found = await asyncio.gather(*(knows(keys) for _ in range(1000)))
    assert all(found)
    assert server.hits == 1


async def test_a_storm_of_tokens_through_the_verifier(server: JwksServer, clock: HandClock) -> None:
    """Seen from outside: a thousand forged tokens are a thousand refusals and at most two fetches."""
    issuer = TestIssuer(keys_source=RemoteKeys(server.url, clock=clock))
    verifier = TokenVerifier([issuer.issuer])
    await verifier.verify(issuer.sign())
    clock.advance(COOL_DOWN_SECONDS)
    tokens = [issuer.sign(None, {"kid": f"invented-{n}"}, "EdDSA") for n in range(1000)]
    answers = await asyncio.gather(*(verifier.verify(token) for token in tokens), return_exceptions=True)
    assert {getattr(answer, "reason", answer) for answer in answers} == {"unknown_key"}
    assert server.hits == 2
    await verifier.aclose()


async def test_an_unknown_key_id_is_not_looked_for_again_soon(
    server: JwksServer, keys: RemoteKeys, clock: HandClock
) -> None:
    """A stale client that comes again and again with a retired key makes no fetch after each cool-down."""
    await knows(keys)
    clock.advance(COOL_DOWN_SECONDS)
    for _ in range(5):
        assert not await knows(keys, "retired")
        clock.advance(COOL_DOWN_SECONDS)
    assert server.hits == 2


async def test_a_rotated_key_is_found_at_once(server: JwksServer, keys: RemoteKeys, clock: HandClock) -> None:
    """A token with a new key id makes the new keys known, and the version tells that they changed."""
    await knows(keys)
    before = keys.version()
    jwks = TestIssuer(keys="second").jwks()
    server.publish({"keys": [key | {"kid": f"new-{key['kid']}"} for key in jwks["keys"]]})
    clock.advance(COOL_DOWN_SECONDS)
    assert await knows(keys, "new-ec-1")
    assert not await knows(keys, "ec-1")
    assert keys.version() == before + 1


async def test_a_failed_fetch_says_nothing_about_a_key_id(
    server: JwksServer, keys: RemoteKeys, clock: HandClock
) -> None:
    """A rotated key's tokens are neither good nor bad while the issuer is away, and good as soon as it is back."""
    await knows(keys)
    jwks = TestIssuer(keys="second").jwks()
    server.publish({"keys": [key | {"kid": f"new-{key['kid']}"} for key in jwks["keys"]]})
    server.status = 503
    clock.advance(COOL_DOWN_SECONDS)
    for _ in range(2):  # the second within the cool-down
        with pytest.raises(KeysUnavailableError):
            await knows(keys, "new-ec-1")
    assert await knows(keys)
    server.status = 200
    clock.advance(COOL_DOWN_SECONDS)
    assert await knows(keys, "new-ec-1")
    assert server.hits == 3


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b"oops"),
        (302, {"location": "http://127.0.0.1:9/keys"}, b""),
        (404, {}, b'{"keys":[]}'),
        (200, {}, b"<html>maintenance</html>"),
        (200, {}, b'{"keys":[]}'),
        (200, {}, b'{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"ec-1"}]}'),
        (200, {}, b"[" * 100_000),
        (200, {}, b" " * 300_000 + b'{"keys":[]}'),
        (200, {"content-encoding": "gzip"}, b"\x1f\x8b"),
        (200, {"content-length": "99999"}, b'{"keys":'),
    ],
)
async def test_a_bad_answer_keeps_the_old_keys(
    server: JwksServer, keys: RemoteKeys, clock: HandClock, answer: tuple[int, dict[str, str], bytes]
) -> None:
    """Errors, redirects, rubbish, empty, symmetric, deep, huge, packed and cut answers cost no key."""
    await knows(keys)
    version = keys.version()
    server.status, server.headers, server.body = answer
    clock.advance(COOL_DOWN_SECONDS)
    with pytest.raises(KeysUnavailableError):
        await knows(keys, "unknown")
    assert server.hits == 2
    assert await knows(keys)
    assert keys.version() == version


@pytest.mark.parametrize(
    "answer",
    [
        (404, {}, b""),
        (302, {"location": "/"}, b""),
        (200, {"content-encoding": "x"}, b""),
        (200, {}, b" " * BODY_MAX_BYTES),
    ],
)
async def test_good_keys_in_a_bad_answer_are_not_taken(
    server: JwksServer, keys: RemoteKeys, clock: HandClock, answer: tuple[int, dict[str, str], bytes]
) -> None:
    """An error, a redirect, a packed and a huge answer bring no key, whatever key set stands in them."""
    await knows(keys)
    fresh = TestIssuer(keys="second").jwks()
    server.publish({"keys": [key | {"kid": f"new-{key['kid']}"} for key in fresh["keys"]]})
    server.status, server.headers, padding = answer
    server.body = padding + server.body
    clock.advance(COOL_DOWN_SECONDS)
    with pytest.raises(KeysUnavailableError):
        await knows(keys, "new-ec-1")
    assert server.hits == 2
    assert await knows(keys)


async def test_stale_keys_serve_while_new_ones_are_fetched(
    server: JwksServer, keys: RemoteKeys, clock: HandClock
) -> None:
    """After a day a refresh runs in the background, and nobody waits for it."""
    await knows(keys)
    server.gate.clear()
    server.publish(TestIssuer(keys="second").jwks())
    clock.advance(REFRESH_SECONDS)
    assert await knows(keys)
    assert keys.version() == 1
    server.gate.set()
    await settle(keys)
    assert server.hits == 2
    assert keys.version() == 2


async def test_no_keys_at_all_is_said_and_tried_again_later(
    server: JwksServer, keys: RemoteKeys, clock: HandClock
) -> None:
    """Before the first good answer the token is neither good nor bad; the next try comes after the cool-down."""
    server.status = 503
    for _ in range(3):
        with pytest.raises(KeysUnavailableError):
            await knows(keys)
    assert server.hits == 1
    server.status = 200
    clock.advance(COOL_DOWN_SECONDS)
    assert await knows(keys)


async def test_nobody_listening_is_a_bad_answer(clock: HandClock) -> None:
    """A refused connection is no other exception."""
    async with JwksServer({}) as gone:
        url = gone.url
    issuer = TestIssuer(keys_source=RemoteKeys(url, clock=clock))
    assert await refusal(TokenVerifier([issuer.issuer]), issuer.sign()) == "keys_unavailable"


async def test_a_caller_that_gives_up_does_not_stop_the_fetch(server: JwksServer, keys: RemoteKeys) -> None:
    """Others that wait for the same fetch get their keys."""
    server.gate.clear()
    impatient, patient = (asyncio.create_task(knows(keys)) for _ in range(2))
    await server.arrived.wait()
    impatient.cancel()
    server.gate.set()
    assert await patient
    assert impatient.cancelled() or impatient.cancelling()
    assert server.hits == 1


async def test_a_silent_server_is_given_up(server: JwksServer) -> None:
    """The whole fetch has a time limit, so that a dripping server holds nobody."""
    keys = RemoteKeys(server.url, fetch_timeout_seconds=0.05)
    server.gate.clear()
    with pytest.raises(KeysUnavailableError):
        await knows(keys)


async def test_closing_stops_a_fetch(server: JwksServer, keys: RemoteKeys) -> None:
    """At shutdown nothing is left running."""
    server.gate.clear()
    waiting = asyncio.create_task(knows(keys))
    await server.arrived.wait()
    await keys.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize(
    "url",
    [
        "http://login.test/keys", "http://127.0.0.1.attacker.test/keys", "ftp://127.0.0.1/keys", "file:///etc/passwd",
        "/keys", "https://", "", "https://user:pw@login.test/keys", "https://login.test/keys#x",
    ],
)  # fmt: skip
def test_only_https_or_this_machine(url: str) -> None:
    """Keys over plain HTTP could be anybody's."""
    with pytest.raises(ValueError, match="expected an"):
        RemoteKeys(url)


@pytest.mark.parametrize("url", ["https://login.test/keys", "http://localhost:1/keys", "http://[::1]:1/keys"])
def test_https_and_loopback_are_taken(url: str) -> None:
    """Any https address, and plain HTTP on loopback for development, is taken."""
    RemoteKeys(url)
