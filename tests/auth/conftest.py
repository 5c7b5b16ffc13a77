"""One trusted issuer and its verifier, made anew for each test."""

import pytest

from auth.tokens import TokenVerifier
from tests.harness.issuer import TestIssuer


@pytest.fixture
def issuer() -> TestIssuer:
    """Give an issuer with a key of each kind."""
    return TestIssuer()


@pytest.fixture
def verifier(issuer: TestIssuer) -> TokenVerifier:
    """Give a verifier that trusts it."""
    return TokenVerifier([issuer.issuer])
