"""Claims of the wrong type refuse the token or grant nothing; only an exact role name in a list of strings grants."""

import pytest

from auth.issuers import CUSTOMER_ROLES
from auth.principal import Role
from auth.tokens import TokenVerifier
from tests.auth.refusal import refusal
from tests.harness.issuer import TestIssuer


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value", ["4000000000", True, [], {}, -1, 1e300, 10**400, 253_402_300_800, [4_000_000_000], "soon", ""]
)
async def test_odd_times_refuse(issuer: TestIssuer, verifier: TokenVerifier, name: str, value: object) -> None:
    """A time is a number of seconds that a calendar can hold."""
    assert await refusal(verifier, issuer.sign({name: value})) == f"odd_{name}"


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e400", b"-1e400", b"null"])
async def test_numbers_that_are_none_refuse(
    issuer: TestIssuer, verifier: TokenVerifier, name: str, number: bytes
) -> None:
    """What JSON cannot say, or a float cannot hold, is no time."""
    claims = b'{"iss":"https://issuer.test","aud":"data-practices-api","sub":"a","exp":4000000000'
    claims = claims.replace(b'"exp":4000000000', b'"x":1') if name == "exp" else claims
    token = issuer.sign_parts({"alg": "ES256", "kid": "ec-1"}, claims + b',"%s":%s}' % (name.encode(), number), "ES256")
    await refusal(verifier, token)


@pytest.mark.parametrize("claim", ["sub", "iss", "jti", "user_id"])
@pytest.mark.parametrize("value", [7, True, 1.5, ["a"], {"a": "b"}])
async def test_identities_of_another_type_refuse(
    issuer: TestIssuer, verifier: TokenVerifier, claim: str, value: object
) -> None:
    """A subject, issuer, token id or user is text."""
    await refusal(verifier, issuer.sign({claim: value}))


@pytest.mark.parametrize("claim", ["sub", "user_id", "company_id"])
@pytest.mark.parametrize("value", ["", "x" * 257, "a\nb", "a\x00b", "\u202eabc"])
async def test_identities_that_do_not_print_refuse(
    issuer: TestIssuer, verifier: TokenVerifier, claim: str, value: str
) -> None:
    """An identity is short and has no control characters that could forge a log line."""
    await refusal(verifier, issuer.sign({claim: value}))


@pytest.mark.parametrize("value", [5, {"a": "b"}, [["C1"]], ["C1", 5], True])
async def test_odd_companies_refuse(issuer: TestIssuer, verifier: TokenVerifier, value: object) -> None:
    """A company claim is text or a list of texts."""
    assert await refusal(verifier, issuer.sign({"company_id": value})) == "odd_id"


@pytest.mark.parametrize(
    "audience", [{"data-practices-api": 1}, 5, True, ["data-practices-api", 5], [["data-practices-api"]], [], "", {}]
)
async def test_odd_audiences_refuse(issuer: TestIssuer, verifier: TokenVerifier, audience: object) -> None:
    """An audience is text or a list of texts."""
    await refusal(verifier, issuer.sign({"aud": audience}))


@pytest.mark.parametrize(
    "roles",
    [
        "support", "support user", {"support": True}, True, 1, None, [], [["support"]], ["support", 5], ["SUPPORT"],
        [" support"], ["support\u0000"], ["suppor\u0442"], ["admin"], ["*"], {"0": "support"},
    ],
)  # fmt: skip
async def test_a_role_claim_of_the_wrong_type_grants_nothing(
    issuer: TestIssuer, verifier: TokenVerifier, roles: object
) -> None:
    """Text, objects, mixed lists, other cases and look-alikes are no roles."""
    assert not (await verifier.verify(issuer.sign({"roles": roles}))).roles


async def test_unknown_roles_beside_known_ones_grant_nothing_more(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    """A list with foreign names grants the known ones only."""
    principal = await verifier.verify(issuer.sign({"roles": ["offline_access", "analyst", "analyst"]}))
    assert principal.roles == {Role.ANALYST}


async def test_role_paths_reach_nested_and_dotted_claims() -> None:
    """Roles are found below objects and in claims whose own name is an address."""
    paths = (("realm_access", "roles"), ("https://app.test/roles",))
    issuer = TestIssuer(role_paths=paths)
    claims = {"realm_access": {"roles": ["user"]}, "https://app.test/roles": ["analyst"], "roles": ["support"]}
    principal = await TokenVerifier([issuer.issuer]).verify(issuer.sign(claims))
    assert principal.roles == {Role.USER, Role.ANALYST}


@pytest.mark.parametrize("value", ["user", 5, ["user"], None])
async def test_a_path_through_what_is_no_object_finds_nothing(value: object) -> None:
    """A path that meets a list or text on its way grants nothing."""
    issuer = TestIssuer(role_paths=(("realm_access", "roles"),))
    principal = await TokenVerifier([issuer.issuer]).verify(issuer.sign({"realm_access": value}))
    assert not principal.roles


async def test_a_single_string_grants_only_where_configured() -> None:
    """An issuer that states one role as text must be configured so, and the text is one exact name."""
    issuer = TestIssuer(role_as_string=True)
    verifier = TokenVerifier([issuer.issuer])
    assert (await verifier.verify(issuer.sign({"roles": "user"}))).roles == {Role.USER}
    assert not (await verifier.verify(issuer.sign({"roles": "user support"}))).roles


async def test_an_issuer_grants_only_what_it_may() -> None:
    """Staff roles out of an issuer for customers are dropped."""
    issuer = TestIssuer(allowed_roles=CUSTOMER_ROLES)
    principal = await TokenVerifier([issuer.issuer]).verify(issuer.sign({"roles": ["support", "company_admin"]}))
    assert principal.roles == {Role.COMPANY_ADMIN}
