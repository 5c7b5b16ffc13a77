"""The setting that names trusted issuers: what is right becomes an issuer, what is wrong is said clearly."""

import json
from pathlib import Path
from typing import Any

import pytest

from auth.issuers import CUSTOMER_ROLES, Issuer, IssuerConfigError, issuers_from_config, issuers_from_json
from auth.key_set import ALGORITHMS
from auth.keys import FileKeys, FixedKeys, RemoteKeys
from auth.principal import Role
from auth.tokens import TokenVerifier
from tests.harness.issuer import TestIssuer, private_key, public_pem

PEM = public_pem(private_key("ES256")).decode()
GOOD: dict[str, Any] = {"issuer": "https://issuer.test", "audience": "data-practices-api", "pem": PEM}
ENTRA = {
    "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",
    "audience": ["api://one", "two"],
    "jwks_url": "https://login.microsoftonline.com/common/discovery/v2.0/keys",
    "hashed_ids": True,
}


async def test_a_configured_issuer_verifies() -> None:
    """The setting's text becomes an issuer whose tokens pass."""
    (issuer,) = issuers_from_json(json.dumps([GOOD]))
    principal = await TokenVerifier([issuer]).verify(TestIssuer().sign({"roles": ["analyst"]}))
    assert principal.roles == {Role.ANALYST}
    assert issuer.algorithms == ALGORITHMS
    assert isinstance(issuer.keys, FixedKeys)


def test_entra_for_many_tenants_grants_customer_roles_only() -> None:
    """A template has the directory's claims and, unless configured otherwise, no staff roles."""
    (issuer,) = issuers_from_config([ENTRA])
    assert issuer.is_template
    assert issuer.audience == ("api://one", "two")
    assert (issuer.user_path, issuer.company_path) == (("oid",), ("tid",))
    assert issuer.allowed_roles == CUSTOMER_ROLES
    assert isinstance(issuer.keys, RemoteKeys)
    assert issuers_from_config([ENTRA | {"allowed_roles": ["ingest"]}])[0].allowed_roles == {Role.INGEST}


def test_paths_are_dotted_text_or_lists() -> None:
    """A claim whose own name has dots is written as a list."""
    paths = {"role_paths": ["realm_access.roles", ["https://app.test/roles"]], "user_path": "ext.user"}
    (issuer,) = issuers_from_config(
        [GOOD | paths | {"company_path": ["https://app.test/company"], "tenant_path": "a.b"}]
    )
    assert issuer.role_paths == (("realm_access", "roles"), ("https://app.test/roles",))
    assert issuer.user_path == ("ext", "user")
    assert issuer.company_path == ("https://app.test/company",)
    assert issuer.tenant_path == ("a", "b")
    assert issuers_from_config([GOOD])[0].tenant_path is None


def test_key_files_are_read_at_once(tmp_path: Path) -> None:
    """A JWKS file and a PEM file are both keys; a missing one stops the start."""
    (tmp_path / "keys.json").write_text(json.dumps(TestIssuer().jwks()))
    (tmp_path / "key.pem").write_text(PEM)
    bare = {name: value for name, value in GOOD.items() if name != "pem"}
    for setting, name in (("jwks_file", "keys.json"), ("pem_file", "key.pem")):
        (issuer,) = issuers_from_config([bare | {setting: str(tmp_path / name)}])
        assert isinstance(issuer.keys, FileKeys)
    with pytest.raises(IssuerConfigError, match=r"JWT_ISSUERS\[0\]: key file not readable"):
        issuers_from_config([bare | {"jwks_file": str(tmp_path / "none")}])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"isuer": "x"}, "isuer: Extra inputs"),
        ({"issuer": None}, "issuer: "),
        ({"issuer": ""}, "issuer: "),
        ({"issuer": "https://a.test/{tenant}"}, "place holder"),
        ({"issuer": "a|b"}, "cannot stand in it"),
        ({"audience": []}, "audience"),
        ({"audience": 5}, "audience"),
        ({"pem": None}, "exactly one of"),
        ({"jwks_url": "https://a.test/keys"}, "exactly one of"),
        ({"pem": "secret"}, "not a public key in PEM"),
        ({"pem": None, "jwks_url": "http://a.test/keys"}, "https"),
        ({"algorithms": ["HS256"]}, "algorithms: expected some of ES256"),
        ({"algorithms": []}, "algorithms"),
        ({"allowed_roles": ["admin"]}, "allowed_roles: expected some of user"),
        ({"role_paths": "roles"}, "role_paths"),
        ({"role_paths": []}, "role_paths"),
        ({"hashed_ids": "yes"}, "hashed_ids"),
        ({"hashed_ids": True, "tenant_path": "tid"}, "tenant_path"),
        ({"tenant_path": []}, "tenant_path"),
    ],
)
def test_mistakes_are_named_and_no_key_is_shown(change: dict[str, Any], words: str) -> None:
    """The error names the entry and the key, and never quotes what stands there."""
    with pytest.raises(IssuerConfigError) as caught:
        issuers_from_config([GOOD | {"issuer": "https://first.test"}, GOOD | change])
    assert "JWT_ISSUERS[1]" in str(caught.value)
    assert words in str(caught.value)
    assert "BEGIN" not in str(caught.value)


@pytest.mark.parametrize("text", ["{", "{}", "[5]", "null", "[" * 100_000])
def test_the_setting_is_a_list_of_objects(text: str) -> None:
    """Other JSON, and what is none, is said."""
    with pytest.raises(IssuerConfigError, match="JWT_ISSUERS: "):
        issuers_from_json(text)


def test_the_same_issuer_twice_is_refused() -> None:
    """Two entries for one issuer would leave open which holds."""
    with pytest.raises(IssuerConfigError, match="twice"):
        issuers_from_config([GOOD, GOOD])


def test_an_empty_setting_is_no_issuer() -> None:
    """Nothing configured trusts nobody."""
    assert issuers_from_json(" ") == []


@pytest.mark.parametrize("change", [{"algorithms": frozenset({"none"})}, {"algorithms": frozenset()}, {"audience": ()}])
def test_an_issuer_made_in_code_is_checked_too(change: dict[str, Any]) -> None:
    """No way leads to an issuer with weak rules."""
    fields: dict[str, Any] = {"issuer": "a", "audience": ("b",), "keys": FixedKeys.from_pem(PEM)}
    with pytest.raises(ValueError, match=r"algorithms|empty"):
        Issuer(**fields | change)
