"""Verified tokens are remembered, but never beyond their expiry, their keys or the bound."""

import json

import pytest

from auth.key_set import KeySet, VerificationKey, read_jwks
from auth.principal import Role
from auth.tokens import TokenVerifier
from tests.auth.refusal import refusal
from tests.harness.issuer import TestIssuer
from tests.harness.jwks_server import HandClock

NOW = 1_700_000_000


class ChangingKeys:
    """Keys that a test changes by hand, counting who looks."""

    def __init__(self, keys: KeySet) -> None:
        """Begin with these."""
        self.keys = keys
        self.number = 0
        self.looks = 0

    def version(self) -> int:
        """Give the number set by the test."""
        return self.number

    async def find(self, key_id: str | None, algorithm: str) -> tuple[VerificationKey, ...]:
        """Look, and count."""
        self.looks += 1
        return self.keys.find(key_id, algorithm)

    async def aclose(self) -> None:
        """Nothing runs."""


@pytest.fixture
def keys() -> ChangingKeys:
    """Give the usual issuer's keys."""
    return ChangingKeys(read_jwks(json.dumps(TestIssuer().jwks())))


@pytest.fixture
def clock() -> HandClock:
    """Give a clock that stands still."""
    return HandClock(NOW)


@pytest.fixture
def issuer(keys: ChangingKeys) -> TestIssuer:
    """Give an issuer over those keys."""
    return TestIssuer(keys_source=keys)


def token_of(issuer: TestIssuer, subject: str = "a") -> str:
    """Sign a token of one minute."""
    return issuer.sign({"sub": subject, "iat": NOW, "exp": NOW + 60, "roles": ["user"]}, algorithm="EdDSA")


async def test_a_token_is_verified_once(issuer: TestIssuer, keys: ChangingKeys, clock: HandClock) -> None:
    """The second time costs no look for keys and gives the same caller."""
    verifier, token = TokenVerifier([issuer.issuer], clock=clock), token_of(issuer)
    first = await verifier.verify(token)
    assert await verifier.verify(token) == first
    assert first.roles == {Role.USER}
    assert keys.looks == 1


async def test_a_remembered_token_still_expires(issuer: TestIssuer, clock: HandClock) -> None:
    """Expiry is checked at each use, to the same second as the first time."""
    verifier, token = TokenVerifier([issuer.issuer], clock=clock), token_of(issuer)
    await verifier.verify(token)
    clock.advance(89)
    await verifier.verify(token)
    clock.advance(1)
    assert await refusal(verifier, token) == "expired"


async def test_a_change_of_keys_forgets(issuer: TestIssuer, keys: ChangingKeys, clock: HandClock) -> None:
    """A token whose key the issuer withdrew is refused at its next use."""
    verifier, token = TokenVerifier([issuer.issuer], clock=clock), token_of(issuer)
    await verifier.verify(token)
    keys.keys, keys.number = read_jwks(json.dumps(TestIssuer(keys="second").jwks())), 1
    assert await refusal(verifier, token) == "InvalidSignatureError"


async def test_forgetting_by_subject_and_altogether(issuer: TestIssuer, keys: ChangingKeys, clock: HandClock) -> None:
    """A revoked subject's tokens are looked at anew, others are not; clearing forgets all."""
    verifier = TokenVerifier([issuer.issuer], clock=clock)
    ours, others = token_of(issuer, "a"), token_of(issuer, "b")
    subject = (await verifier.verify(ours)).subject
    await verifier.verify(others)
    verifier.forget(subject)
    await verifier.verify(ours)
    await verifier.verify(others)
    assert keys.looks == 3
    verifier.clear()
    await verifier.verify(others)
    assert keys.looks == 4


async def test_the_cache_is_bounded(issuer: TestIssuer, keys: ChangingKeys, clock: HandClock) -> None:
    """The least lately used token goes first."""
    verifier = TokenVerifier([issuer.issuer], clock=clock, cache_entries=3)
    tokens = [token_of(issuer, f"person-{n}") for n in range(4)]
    for token in (*tokens[:3], tokens[0], tokens[3]):
        await verifier.verify(token)
    assert len(verifier._cache) == 3
    assert keys.looks == 4
    await verifier.verify(tokens[0])
    assert keys.looks == 4
    await verifier.verify(tokens[1])
    assert keys.looks == 5


async def test_refused_tokens_are_not_remembered(issuer: TestIssuer, clock: HandClock) -> None:
    """A flood of bad tokens takes no memory."""
    verifier = TokenVerifier([issuer.issuer], clock=clock)
    for n in range(20):
        await refusal(verifier, issuer.sign({"iat": NOW, "exp": NOW + 60, "aud": f"other-{n}"}))
    assert len(verifier._cache) == 0
