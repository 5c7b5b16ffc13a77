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


def check_times(claims: Mapping[str, Any], now: float) -> float:
    """Check `exp`, `nbf` and `iat` (seconds since 1970) with 30 s leeway and give `exp`.

    Ours and not PyJWT's, which reads the system clock and takes text, true and 1e400 for numbers.
    """
    expires = _read_time(claims, "exp")
    if expires is None:
        raise InvalidTokenError("exp_missing")
    if now - LEEWAY_SECONDS >= expires:
        raise InvalidTokenError("expired")
    for name in ("nbf", "iat"):
        start = _read_time(claims, name)
        if start is not None and start > now + LEEWAY_SECONDS:
            raise InvalidTokenError(f"{name}_in_future")
    return expires


def read_principal(issuer: Issuer, claims: Mapping[str, Any], pseudonym: Pseudonym | None) -> Principal:
    """Make the caller out of verified claims. Raises `InvalidTokenError` for an identity of the wrong type."""
    subject = _read_id(claims["sub"])
    if subject is None:
        raise InvalidTokenError("sub_missing")
    user = _read_id(_at(claims, issuer.user_path))
    companies = _read_ids(_at(claims, issuer.company_path))
    roles = _read_roles(issuer, claims)
    expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    qualified = f"{claims['iss']}|{subject}"
    if not issuer.hashed_ids:
        return Principal(qualified, roles, user, companies, expires_at=expires_at)
    if pseudonym is None:
        raise InvalidTokenError("no_pseudonym")
    if user is None or len(companies) != 1:
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


def _read_time(claims: Mapping[str, Any], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
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


def _read_id(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= _ID_MAX_CHARACTERS or not value.isprintable():
        raise InvalidTokenError("odd_id")
    return value


def _read_ids(value: object) -> frozenset[str]:
    values = value if isinstance(value, list) else [value]
    return frozenset(identity for item in values if (identity := _read_id(item)) is not None)


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
