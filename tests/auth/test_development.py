"""The development issuer: a key of its own, ready people, and tokens that pass the usual verification."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from auth.development import DEMO_COMPANY_IDS, DEMO_PEOPLE, DevelopmentIssuer, demo_company_id, demo_user_id
from auth.principal import Role
from auth.tokens import TokenVerifier
from tests.auth.refusal import refusal
from tests.harness.issuer import decode_unverified, private_key
from tests.harness.jwks_server import HandClock


@pytest.mark.parametrize("role", Role)
async def test_each_role_has_a_ready_token(tmp_path: Path, role: Role) -> None:
    """Without ids a token is for the role's own person of the demo data."""
    issuer = DevelopmentIssuer(tmp_path)
    principal = await TokenVerifier([issuer.issuer]).verify(issuer.sign(role))
    assert principal.roles == {role}
    assert principal.user_id == DEMO_PEOPLE[role][0]
    if role is Role.INGEST:
        assert principal.company_ids == set(DEMO_COMPANY_IDS)
    else:
        assert principal.company_id == DEMO_PEOPLE[role][1]


async def test_staff_are_known_by_name(tmp_path: Path) -> None:
    """A staff token without a user still has a subject to stand in receipts."""
    issuer = DevelopmentIssuer(tmp_path)
    principal = await TokenVerifier([issuer.issuer]).verify(issuer.sign(Role.SUPPORT_LEAD))
    assert principal.subject == "development|demo-support-lead"


async def test_a_token_for_somebody_else(tmp_path: Path) -> None:
    """User, company, life and further claims can be chosen."""
    issuer = DevelopmentIssuer(tmp_path, clock=HandClock(1_700_000_000))
    token = issuer.sign(Role.INGEST, "U9", demo_company_id(3), 0.5, sub="agent")
    claims = decode_unverified(token)
    assert claims["exp"] - claims["iat"] == 1800
    assert (claims["sub"], claims["user_id"], claims["company_id"]) == ("agent", "U9", [demo_company_id(3)])
    assert await refusal(TokenVerifier([issuer.issuer]), token) == "expired"


async def test_the_key_is_kept_and_private(tmp_path: Path) -> None:
    """A second start on the same folder has the same key, readable by its owner alone."""
    token = DevelopmentIssuer(tmp_path).sign(Role.USER)
    again = DevelopmentIssuer(tmp_path)
    await TokenVerifier([again.issuer]).verify(token)
    (key,) = (tmp_path / "keys").iterdir()
    assert key.name == "development.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


async def test_workers_that_start_together_share_one_key(tmp_path: Path) -> None:
    """Of several that make a key at once one wins, and all use it."""
    with ThreadPoolExecutor(8) as pool:
        issuers = list(pool.map(DevelopmentIssuer, [tmp_path] * 8))
    verifier = TokenVerifier([issuers[0].issuer])
    for issuer in issuers:
        await verifier.verify(issuer.sign(Role.ANALYST))


def test_another_key_in_its_place_is_said(tmp_path: Path) -> None:
    """A file with another kind of key is not silently replaced."""
    path = tmp_path / "keys" / "development.pem"
    path.parent.mkdir()
    path.write_bytes(private_key("ES256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ValueError, match="Ed25519"):
        DevelopmentIssuer(tmp_path)


def test_demo_ids_are_fixed() -> None:
    """Scripts, demo data and the explorer agree on who is who."""
    assert demo_company_id(0) == "45629CAA-945E-51E1-A518-232348CA86B2"
    assert DEMO_PEOPLE[Role.USER] == (demo_user_id(0, 1), demo_company_id(0))
    assert DEMO_PEOPLE[Role.COMPANY_ADMIN] == (demo_user_id(0, 0), demo_company_id(0))
    assert len(set(DEMO_COMPANY_IDS)) == 8
