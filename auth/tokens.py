"""Tokens: from the text of a JWT to a verified `Principal`, or `InvalidTokenError` and nothing else.

Promises that a caller is believed only when a trusted issuer's own key signed the token, for us, and now. The order is
form, issuer, key, signature, claims: nothing unverified decides more than which keys are tried. Knows no HTTP.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import jwt

from auth.claims import Pseudonym, check_times, is_tenant_id, read_principal
from auth.issuers import TENANT_PLACE, Issuer, IssuerConfigError, issuers_from_config, issuers_from_json
from auth.key_set import VerificationKey
from auth.keys import KeysUnavailableError
from auth.principal import Principal
from auth.token_cache import TokenCache
from auth.token_form import TOKEN_MAX_CHARACTERS, InvalidTokenError, UnverifiedToken, parse_token

__all__ = [
    "InvalidTokenError",
    "Issuer",
    "IssuerConfigError",
    "KeysUnavailableError",
    "TokenVerifier",
    "issuers_from_config",
    "issuers_from_json",
]

_SIGNATURE_BYTES: Final = {"ES256": 64, "EdDSA": 64}
_REQUIRED_CLAIMS: Final = ("exp", "iss", "aud", "sub")


class TokenVerifier:
    """Verifies tokens of the trusted issuers. `pseudonym` is the keyed hash that makes our ids from directory ids."""

    def __init__(
        self,
        issuers: Iterable[Issuer],
        pseudonym: Pseudonym | None = None,
        *,
        clock: Callable[[], float] = time.time,
        cache_entries: int = 10_000,
    ) -> None:
        """Take the issuers; `clock` gives seconds since 1970. Raises `ValueError` for an issuer that stands twice."""
        trusted = list(issuers)
        self._exact = {issuer.issuer: issuer for issuer in trusted if not issuer.is_template}
        self._templates = {issuer.issuer: issuer for issuer in trusted if issuer.is_template}
        if len(self._exact) + len(self._templates) != len(trusted):
            raise ValueError("the same issuer stands twice")
        if pseudonym is None and any(issuer.hashed_ids for issuer in trusted):
            raise ValueError("an issuer with hashed ids needs a pseudonym")
        self._pseudonym = pseudonym
        self._clock = clock
        self._cache = TokenCache(cache_entries)

    async def verify(self, token: str) -> Principal:
        """Give the caller that the token proves.

        Raises `InvalidTokenError` in every other case, whatever the token holds; `KeysUnavailableError`, one of its
        kind, when the issuer's keys cannot be had at the moment.
        """
        try:
            return await self._verify(token)
        except InvalidTokenError:
            raise
        except Exception as error:  # noqa: BLE001 - a hostile token must never become a server error
            raise InvalidTokenError(f"unexpected_{type(error).__name__}") from None

    def recall(self, token: str) -> Principal | None:
        """Give the caller of a token that was verified lately and still holds; None says nothing about the token."""
        return self._cache.get(token, self._clock())

    def forget(self, subject: str) -> None:
        """Drop what is remembered of a subject's tokens, so that each is verified anew."""
        self._cache.forget(subject)

    def clear(self) -> None:
        """Drop everything remembered."""
        self._cache.clear()

    async def aclose(self) -> None:
        """Stop what the key sources run in the background."""
        for issuer in (*self._exact.values(), *self._templates.values()):
            await issuer.keys.aclose()

    async def _verify(self, token: str) -> Principal:
        if len(token) > TOKEN_MAX_CHARACTERS:
            raise InvalidTokenError("too_long")
        now = self._clock()
        remembered = self._cache.get(token, now)
        if remembered is not None:
            return remembered
        unverified = parse_token(token)
        issuer, name = self._choose_issuer(unverified.claims)
        if unverified.algorithm not in issuer.algorithms:
            raise InvalidTokenError("algorithm_refused")
        version = issuer.keys.version()  # Before the search, so that a change meanwhile only costs one more look.
        key = await _choose_key(issuer, name, unverified)
        claims = _check_signature(token, unverified, key, issuer, name)
        check_times(claims, now)
        principal = read_principal(issuer, claims, self._pseudonym)
        self._cache.put(token, principal, issuer.keys, version)
        return principal

    def _choose_issuer(self, claims: dict[str, Any]) -> tuple[Issuer, str]:
        """Choose by the unverified claims whose keys are tried, and the exact name that the token must then carry.

        Exact names come before templates, so that the operator's own tenant can be given more than customers'.
        """
        name = claims.get("iss")
        if not isinstance(name, str):
            raise InvalidTokenError("odd_iss")
        if name in self._exact:
            return self._exact[name], name
        tenant = claims.get("tid")
        if isinstance(tenant, str) and is_tenant_id(tenant):
            for template, issuer in self._templates.items():
                if template.replace(TENANT_PLACE, tenant) == name:
                    return issuer, name
        raise InvalidTokenError("unknown_issuer")


async def _choose_key(issuer: Issuer, name: str, token: UnverifiedToken) -> VerificationKey:
    """Find the one key that the token means; two that fit are as bad as none, for then the token does not say."""
    found = await issuer.keys.find(token.key_id, token.algorithm)
    fitting = [key for key in found if _key_serves(key, name, token.claims.get("tid"))]
    if len(fitting) != 1:
        raise InvalidTokenError("ambiguous_key" if fitting else "unknown_key")
    return fitting[0]


def _key_serves(key: VerificationKey, name: str, tenant: object) -> bool:
    """Tell whether the key may sign for this issuer: Entra's shared key sets bind some keys to one tenant."""
    if key.issuer is None:
        return True
    if TENANT_PLACE not in key.issuer:
        return key.issuer == name
    return isinstance(tenant, str) and is_tenant_id(tenant) and key.issuer.replace(TENANT_PLACE, tenant) == name


def _check_signature(
    token: str, unverified: UnverifiedToken, key: VerificationKey, issuer: Issuer, name: str
) -> dict[str, Any]:
    """Let PyJWT check the signature, issuer, audience and subject, and give the claims it verified.

    The length comes first: an ECDSA signature in DER is another spelling that some libraries take.
    """
    expected = _SIGNATURE_BYTES.get(unverified.algorithm)
    if expected is not None and len(unverified.signature) != expected:
        raise InvalidTokenError("odd_signature")
    try:
        return jwt.decode(
            token,
            key.public_key,
            algorithms=[unverified.algorithm],
            audience=issuer.audience,
            issuer=name,
            options={
                "require": list(_REQUIRED_CLAIMS),
                "verify_exp": False,  # The three times are checked by `check_times`.
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.PyJWTError as error:
        raise InvalidTokenError(type(error).__name__) from None
