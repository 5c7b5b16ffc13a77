"""Microsoft Entra for many tenants: the issuer follows the token's own tenant, and directory ids become ours."""

import hashlib
import json
from typing import Any

import pytest

from auth.issuers import CUSTOMER_ROLES
from auth.keys import FixedKeys
from auth.principal import Role
from auth.tokens import TokenVerifier
from tests.auth.refusal import refusal
from tests.harness.issuer import TestIssuer

TEMPLATE = "https://login.microsoftonline.com/{tenantid}/v2.0"
TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
OTHER = "9188040d-6c67-4c5b-b112-36a304b66dad"
OID = "00000000-0000-0000-66f3-3332eca7ea81"
DIRECTORY: dict[str, Any] = {"user_path": ("oid",), "company_path": ("tid",), "hashed_ids": True}


def pseudonym(text: str) -> str:
    """Stand in for the keyed hash."""
    return hashlib.sha256(b"key" + text.encode()).hexdigest()


def entra(key_issuer: str | None = TEMPLATE, **settings: Any) -> TestIssuer:  # noqa: ANN401 - fields of Issuer
    """Make an issuer for many tenants whose keys state `key_issuer`."""
    jwks = TestIssuer().jwks()
    if key_issuer is not None:
        jwks = {"keys": [key | {"issuer": key_issuer} for key in jwks["keys"]]}
    return TestIssuer(TEMPLATE, keys_source=FixedKeys.from_jwks(json.dumps(jwks)), **DIRECTORY, **settings)


def sign(issuer: TestIssuer, **overrides: object) -> str:
    """Sign as Entra would for a person of `TENANT`."""
    claims = {"iss": TEMPLATE.replace("{tenantid}", TENANT), "tid": TENANT, "oid": OID, "roles": ["user"]}
    return issuer.sign(claims | overrides, algorithm="RS256")


async def test_directory_ids_become_ours() -> None:
    """User and company are keyed hashes of the directory's ids, which are kept aside and never printed."""
    issuer = entra()
    principal = await TokenVerifier([issuer.issuer], pseudonym).verify(sign(issuer))
    assert principal.user_id == pseudonym(f"user/{TENANT}/{OID}")
    assert principal.company_id == pseudonym(f"company/{TENANT}")
    assert (principal.tenant_id, principal.directory_id) == (TENANT, OID)
    assert TENANT not in repr(principal)
    assert OID not in repr(principal)


@pytest.mark.parametrize(
    "claims",
    [
        {"tid": OTHER},
        {"tid": None},
        {"tid": "common"},
        {"tid": TENANT.upper()},
        {"tid": f"{TENANT}\n"},
        {"tid": [TENANT]},
        {"tid": "{tenantid}", "iss": TEMPLATE},
        {"iss": TEMPLATE},
        {"iss": f"https://login.microsoftonline.com.attacker.test/{TENANT}/v2.0"},
        {"iss": f"https://login.microsoftonline.com/{TENANT}/v2.0/"},
        {"iss": f"https://sts.windows.net/{TENANT}/"},
        {"tid": "x/../y", "iss": TEMPLATE.replace("{tenantid}", "x/../y")},
    ],
)
async def test_issuer_and_tenant_must_agree(claims: dict[str, object]) -> None:
    """The template with the token's own tenant id is the issuer, exactly."""
    issuer = entra()
    assert await refusal(TokenVerifier([issuer.issuer], pseudonym), sign(issuer, **claims)) == "unknown_issuer"


async def test_a_key_of_one_tenant_does_not_sign_for_another() -> None:
    """A key that states its own issuer serves that one only."""
    bound = entra(TEMPLATE.replace("{tenantid}", OTHER))
    verifier = TokenVerifier([bound.issuer], pseudonym)
    assert await refusal(verifier, sign(bound)) == "unknown_key"
    other = {"tid": OTHER, "iss": TEMPLATE.replace("{tenantid}", OTHER)}
    assert (await verifier.verify(sign(bound, **other))).tenant_id == OTHER


async def test_a_key_of_another_template_does_not_sign() -> None:
    """A key that belongs to the old token version's issuer does not serve the new one's."""
    issuer = entra("https://sts.windows.net/{tenantid}/")
    assert await refusal(TokenVerifier([issuer.issuer], pseudonym), sign(issuer)) == "unknown_key"


async def test_keys_without_an_issuer_serve_all() -> None:
    """Where the key set does not bind its keys, the template alone decides."""
    issuer = entra(None)
    await TokenVerifier([issuer.issuer], pseudonym).verify(sign(issuer))


async def test_customers_tenants_cannot_make_staff() -> None:
    """A customer's admin hands out roles in their own tenant; only the operator's own tenant may grant staff roles."""
    customers = entra(allowed_roles=CUSTOMER_ROLES)
    own = entra()
    own_name = TEMPLATE.replace("{tenantid}", OTHER)
    staff = TestIssuer(own_name, keys_source=own.issuer.keys, **DIRECTORY)
    verifier = TokenVerifier([customers.issuer, staff.issuer], pseudonym)
    assert not (await verifier.verify(sign(customers, roles=["support"]))).roles
    principal = await verifier.verify(sign(staff, roles=["support"], tid=OTHER, iss=own_name))
    assert principal.roles == {Role.SUPPORT}


@pytest.mark.parametrize(
    ("claims", "reason"),
    [({"oid": None}, "directory_id_missing"), ({"oid": 5}, "odd_id"), ({"oid": ["a"]}, "odd_id")],
)
async def test_a_token_without_a_directory_id_refuses(claims: dict[str, object], reason: str) -> None:
    """Without the directory's own id there is nobody to be."""
    issuer = entra()
    assert await refusal(TokenVerifier([issuer.issuer], pseudonym), sign(issuer, **claims)) == reason


async def test_a_tenant_that_is_no_guid_refuses_without_a_template_too() -> None:
    """What is hashed into a company is a tenant id and nothing that could be read as another pair."""
    issuer = TestIssuer("https://own.test", **DIRECTORY)
    token = issuer.sign({"tid": "a/b", "oid": "c"})
    assert await refusal(TokenVerifier([issuer.issuer], pseudonym), token) == "odd_tenant_id"


def test_hashed_ids_need_the_hash() -> None:
    """A verifier that could not hash directory ids is not built."""
    with pytest.raises(ValueError, match="pseudonym"):
        TokenVerifier([entra().issuer])
