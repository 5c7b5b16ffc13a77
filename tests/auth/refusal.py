"""How the tests of this folder say that a token is refused."""

import pytest

from auth.tokens import InvalidTokenError, TokenVerifier


async def refusal(verifier: TokenVerifier, token: str) -> str:
    """Give the reason of the refusal; fails when the token passes or when anything else is raised."""
    with pytest.raises(InvalidTokenError) as caught:
        await verifier.verify(token)
    assert not token or token not in str(caught.value)
    return caught.value.reason
