"""A claim may prove the tenant of a token's one company: where the operator says so, and only in the right form."""

import pytest

from auth.tokens import TokenVerifier
from tests.auth.refusal import refusal
from tests.harness.issuer import TestIssuer

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"


def proving() -> tuple[TestIssuer, TokenVerifier]:
    """An issuer that states tenants, and who trusts it."""
    issuer = TestIssuer(tenant_path=("ext", "tenant"))
    return issuer, TokenVerifier([issuer.issuer])


@pytest.mark.parametrize("spelt", [TENANT, TENANT.upper()])
async def test_the_claim_proves_the_tenant(spelt: str) -> None:
    """In one spelling, and never printed."""
    issuer, verifier = proving()
    principal = await verifier.verify(issuer.sign({"company_id": "C1", "ext": {"tenant": spelt}}))
    assert (principal.tenant_id, principal.company_id) == (TENANT, "C1")
    assert TENANT not in repr(principal)


@pytest.mark.parametrize("value", [5, True, "", "contoso.com", [TENANT], {"id": TENANT}, f"{TENANT}\n", f" {TENANT}"])
async def test_an_odd_tenant_refuses_the_token(value: object) -> None:
    """What is no tenant id proves nothing, and its token is not to be trusted."""
    issuer, verifier = proving()
    assert await refusal(verifier, issuer.sign({"company_id": "C1", "ext": {"tenant": value}})) == "odd_tenant_id"


async def test_without_the_claim_nothing_is_proven() -> None:
    """The token is good, its tenant unknown."""
    issuer, verifier = proving()
    tokens: list[dict[str, object]] = [{}, {"ext": {}}, {"ext": None}, {"tid": TENANT}]
    for claims in tokens:
        assert (await verifier.verify(issuer.sign({"company_id": "C1", **claims}))).tenant_id is None


async def test_a_token_of_several_companies_proves_no_ones_tenant() -> None:
    """Nor does one of none: it could not be told whose tenant it is."""
    issuer, verifier = proving()
    for companies in (["C1", "C2"], []):
        principal = await verifier.verify(issuer.sign({"company_id": companies, "ext": {"tenant": TENANT}}))
        assert principal.tenant_id is None


async def test_an_issuer_that_was_not_said_to_prove_tenants_proves_none() -> None:
    """Whatever its tokens hold."""
    issuer = TestIssuer()
    token = issuer.sign({"company_id": "C1", "tid": TENANT, "ext": {"tenant": TENANT}, "tenant_id": TENANT})
    assert (await TokenVerifier([issuer.issuer]).verify(token)).tenant_id is None
