"""Good tokens make the right caller; expired, foreign and incomplete ones make none."""

import pytest

from auth.principal import ANONYMOUS, Role
from auth.tokens import TokenVerifier
from tests.auth.refusal import refusal
from tests.harness.issuer import ISSUER, TestIssuer
from tests.harness.jwks_server import HandClock

NOW = 1_700_000_000


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_each_allowed_algorithm_verifies(issuer: TestIssuer, verifier: TokenVerifier, algorithm: str) -> None:
    """A truly signed token is believed, with each algorithm of the allow-list."""
    claims = {"roles": ["support"], "user_id": "U1", "company_id": "C1"}
    principal = await verifier.verify(issuer.sign(claims, algorithm=algorithm))
    assert principal.roles == {Role.SUPPORT}
    assert (principal.user_id, principal.company_id) == ("U1", "C1")
    assert principal.subject == f"{ISSUER}|person-1"
    assert principal.tenant_id is None
    assert not principal.is_anonymous


async def test_several_companies_are_all_kept_and_none_is_the_one(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    """A list of companies stays a list; `company_id` answers only where there is one."""
    principal = await verifier.verify(issuer.token(Role.INGEST, company_id=["C1", "C2"]))
    assert principal.company_ids == {"C1", "C2"}
    assert principal.company_id is None


def test_no_token_is_the_anonymous_caller() -> None:
    """The caller without a token has no role, no company and is known as such."""
    assert ANONYMOUS.is_anonymous
    assert not ANONYMOUS.roles
    assert ANONYMOUS.company_id is None


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", None])
async def test_access_token_types_pass(issuer: TestIssuer, verifier: TokenVerifier, kind: str | None) -> None:
    """The type of an access token may be stated, in any case, or not be stated."""
    await verifier.verify(issuer.sign(None, {"typ": kind}))


async def test_no_key_id_passes_where_one_key_fits(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    """Without a key id the only key of the algorithm is meant."""
    await verifier.verify(issuer.sign(None, {"kid": None}))


@pytest.mark.parametrize("claim", ["exp", "iss", "aud", "sub"])
async def test_a_missing_claim_refuses(issuer: TestIssuer, verifier: TokenVerifier, claim: str) -> None:
    """Expiry, issuer, audience and subject are all required."""
    await refusal(verifier, issuer.sign({claim: None}))


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "another-api"}, "InvalidAudienceError"),
        ({"aud": ["another-api", "third"]}, "InvalidAudienceError"),
        ({"iss": "https://other.test"}, "unknown_issuer"),
        ({"iss": ISSUER + "/"}, "unknown_issuer"),
        ({"iss": ISSUER.upper()}, "unknown_issuer"),
    ],
)
async def test_a_token_for_others_or_by_others_refuses(
    issuer: TestIssuer, verifier: TokenVerifier, claims: dict[str, object], reason: str
) -> None:
    """Audience and issuer match exactly or not at all."""
    assert await refusal(verifier, issuer.sign(claims)) == reason


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": NOW - 30}, "expired"),
        ({"exp": 0}, "expired"),
        ({"nbf": NOW + 31}, "nbf_in_future"),
        ({"iat": NOW + 31}, "iat_in_future"),
    ],
)
async def test_time_is_kept(issuer: TestIssuer, claims: dict[str, object], reason: str) -> None:
    """Thirty seconds after the end and before the beginning a token is worth nothing."""
    verifier = TokenVerifier([issuer.issuer], clock=HandClock(NOW))
    assert await refusal(verifier, issuer.sign({"iat": NOW, "exp": NOW + 60, **claims})) == reason


async def test_thirty_seconds_of_leeway(issuer: TestIssuer) -> None:
    """Clocks that differ by less than 30 seconds do not matter."""
    verifier = TokenVerifier([issuer.issuer], clock=HandClock(NOW))
    claims = {"iat": NOW + 30, "nbf": NOW + 29.5, "exp": NOW - 29.5}
    principal = await verifier.verify(issuer.sign(claims))
    assert principal.expires_at is not None
    assert principal.expires_at.timestamp() == NOW - 29.5


async def test_another_trusted_issuers_key_refuses(issuer: TestIssuer) -> None:
    """A trusted issuer can speak only for itself."""
    other = TestIssuer("https://second.test", keys="second")
    verifier = TokenVerifier([issuer.issuer, other.issuer])
    await verifier.verify(other.sign())
    assert await refusal(verifier, other.sign({"iss": ISSUER})) == "InvalidSignatureError"


async def test_an_issuers_own_algorithms_bound_it(issuer: TestIssuer) -> None:
    """An issuer configured for one algorithm is not believed with another, though the key would fit."""
    narrow = TestIssuer(algorithms=frozenset({"ES256"}))
    assert await refusal(TokenVerifier([narrow.issuer]), issuer.sign(algorithm="EdDSA")) == "algorithm_refused"


async def test_two_fitting_keys_are_as_bad_as_none() -> None:
    """A token that does not say which of two keys is meant is refused."""
    both = TestIssuer().jwks()["keys"] + TestIssuer(keys="second").jwks()["keys"]
    issuer = TestIssuer(jwks={"keys": both})
    assert await refusal(TokenVerifier([issuer.issuer]), issuer.sign()) == "ambiguous_key"


def test_the_same_issuer_twice_is_a_mistake(issuer: TestIssuer) -> None:
    """Two rules for one issuer would leave open which one holds."""
    with pytest.raises(ValueError, match="twice"):
        TokenVerifier([issuer.issuer, issuer.issuer])
