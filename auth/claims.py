"""From verified claims to a `Principal`: which claim is the user, the company, the roles.

Promises that a role is granted only by exactly its name, in a list of strings, from an issuer that may grant it; that
anything odd about an identity refuses the token; and that directory ids become ours through the keyed hash alone.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Final

from auth.issuers import ClaimPath, Issuer
from auth.principal import Principal, Role
from auth.token_form import InvalidTokenError

Pseudonym = Callable[[str], str]

LEEWAY_SECONDS: Final = 30.0
_ID_MAX_CHARACTERS: Final = 256
# Entra writes tenant ids in lower case; one spelling only, so that one tenant is one company.
_TENANT_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME_MAX: Final = 253_402_300_799  # The end of the year 9999, the last that a datetime can say.


def is_tenant_id(text: str) -> bool:
    """Tell whether the text is a GUID as Entra writes it."""
    return _TENANT_ID.fullmatch(text) is not None


def check_times(claims: Mapping[str, Any], now: float) -> None:
    """Check `exp`, `nbf` and `iat` (seconds since 1970) with 30 s leeway.

    Ours and not PyJWT's, which reads the system clock and takes text, true and 1e400 for numbers.
    """
    if now - LEEWAY_SECONDS >= _check_time(claims["exp"], "exp"):
        raise InvalidTokenError("expired")
    for name in ("nbf", "iat"):
        if name in claims and _check_time(claims[name], name) > now + LEEWAY_SECONDS:
            raise InvalidTokenError(f"{name}_in_future")


def read_principal(issuer: Issuer, claims: Mapping[str, Any], pseudonym: Pseudonym | None) -> Principal:
    """Make the caller out of verified claims. Raises `InvalidTokenError` for an identity of the wrong type."""
    subject = _check_id(claims["sub"])
    user_claim = _at(claims, issuer.user_path)
    user = None if user_claim is None else _check_id(user_claim)
    companies = _read_ids(_at(claims, issuer.company_path))
    roles = _read_roles(issuer, claims)
    expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    qualified = f"{claims['iss']}|{subject}"
    if not issuer.hashed_ids:
        tenant = _read_tenant(claims, issuer) if len(companies) == 1 else None
        return Principal(qualified, roles, user, companies, tenant_id=tenant, expires_at=expires_at)
    if pseudonym is None or user is None or len(companies) != 1:
        raise InvalidTokenError("directory_id_missing")
    (tenant,) = companies
    if not is_tenant_id(tenant):
        raise InvalidTokenError("odd_tenant_id")
    return Principal(
        subject=pseudonym(f"subject/{qualified}"),  # The issuer's name holds the tenant id, which is restricted.
        roles=roles,
        user_id=pseudonym(f"user/{tenant}/{user}"),
        company_ids=frozenset({pseudonym(f"company/{tenant}")}),
        tenant_id=tenant,
        directory_id=user,
        expires_at=expires_at,
    )


def _check_time(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidTokenError(f"odd_{name}")
    # Compared before converting: an int may be too large for a float.
    if (isinstance(value, float) and not isfinite(value)) or not 0 <= value <= _TIME_MAX:
        raise InvalidTokenError(f"odd_{name}")
    return float(value)


def _at(claims: Mapping[str, Any], path: ClaimPath) -> object:
    value: object = claims
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return value


def _check_id(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _ID_MAX_CHARACTERS or not value.isprintable():
        raise InvalidTokenError("odd_id")
    return value


def _read_ids(value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    return frozenset(map(_check_id, value if isinstance(value, list) else [value]))


def _read_tenant(claims: Mapping[str, Any], issuer: Issuer) -> str | None:
    """Return the tenant that the token proves, in Entra's spelling; None where the issuer or the token tells none."""
    value = None if issuer.tenant_path is None else _at(claims, issuer.tenant_path)
    if value is None:
        return None
    if not isinstance(value, str) or not is_tenant_id(value.lower()):
        raise InvalidTokenError("odd_tenant_id")
    return value.lower()


def _read_roles(issuer: Issuer, claims: Mapping[str, Any]) -> frozenset[Role]:
    """Grant what stands in lists of strings by its exact name; a claim of another type grants nothing."""
    roles: set[Role] = set()
    for path in issuer.role_paths:
        value = _at(claims, path)
        if issuer.role_as_string and isinstance(value, str):
            value = [value]
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            roles |= {role for role in issuer.allowed_roles if role.value in value}
    return frozenset(roles)
