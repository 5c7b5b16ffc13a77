"""The issuers we trust, and the setting (`JWT_ISSUERS`) that names them.

Promises that a mistake in the setting is an error that names the place and says what is expected, never a laxer rule.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from auth.key_set import ALGORITHMS, InvalidKeySetError
from auth.keys import FileKeys, FixedKeys, KeySource, RemoteKeys
from auth.principal import Role

ClaimPath = tuple[str, ...]

TENANT_PLACE: Final = "{tenantid}"  # As Microsoft Entra writes it in its own discovery document.
CUSTOMER_ROLES: Final = frozenset({Role.USER, Role.COMPANY_ADMIN})
_KEY_SETTINGS: Final = ("jwks_url", "jwks_file", "pem", "pem_file")


class IssuerConfigError(Exception):
    """The setting does not describe issuers; the text names the place and what is expected."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """One trusted issuer.

    `issuer` may hold `{tenantid}`, which stands for the token's own `tid`. `allowed_roles` bounds what its tokens can
    grant: with a template any customer's admin hands out roles in their own tenant, so there it is customer roles only.
    `hashed_ids` says that the claims hold directory ids, from which ours are derived. Where they do not, `tenant_path`
    may name the claim that proves the company's tenant: look-ups by a tenant believe it before what anybody states.
    """

    issuer: str
    audience: tuple[str, ...]
    keys: KeySource
    algorithms: frozenset[str] = ALGORITHMS
    role_paths: tuple[ClaimPath, ...] = (("roles",),)
    user_path: ClaimPath = ("user_id",)
    company_path: ClaimPath = ("company_id",)
    tenant_path: ClaimPath | None = None
    allowed_roles: frozenset[Role] = frozenset(Role)
    role_as_string: bool = False
    hashed_ids: bool = False

    def __post_init__(self) -> None:
        """Refuse what would weaken the verification."""
        if not self.algorithms or not self.algorithms <= ALGORITHMS:
            raise ValueError(f"algorithms: expected some of {sorted(ALGORITHMS)}")
        if not self.issuer or not self.audience or not all(self.audience):
            raise ValueError("issuer and audience must not be empty")
        if "|" in self.issuer:
            raise ValueError("issuer: '|' parts it from the subject and cannot stand in it")

    @property
    def is_template(self) -> bool:
        """Whether it stands for many tenants."""
        return TENANT_PLACE in self.issuer


Text = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
PathText = Text | Annotated[list[Text], Field(min_length=1, max_length=8)]


class IssuerConfig(BaseModel):
    """One entry of the setting, as written. A path is dotted text, or a list where a claim's own name has dots."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    issuer: Text
    audience: Text | Annotated[list[Text], Field(min_length=1)]
    jwks_url: Text | None = None
    jwks_file: Text | None = None
    pem: Text | None = None
    pem_file: Text | None = None
    algorithms: Annotated[list[str], Field(min_length=1)] | None = None
    role_paths: Annotated[list[PathText], Field(min_length=1)] = ["roles"]
    role_as_string: bool = False
    allowed_roles: list[str] | None = None
    user_path: PathText | None = None
    company_path: PathText | None = None
    tenant_path: PathText | None = None
    hashed_ids: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if sum(getattr(self, name) is not None for name in _KEY_SETTINGS) != 1:
            raise ValueError(f"expected exactly one of {', '.join(_KEY_SETTINGS)}")
        if not set(self.algorithms or ()) <= ALGORITHMS:
            raise ValueError(f"algorithms: expected some of {', '.join(sorted(ALGORITHMS))}")
        if not set(self.allowed_roles or ()) <= set(Role):
            raise ValueError(f"allowed_roles: expected some of {', '.join(Role)}")
        if "{" in self.issuer.replace(TENANT_PLACE, "", 1):
            raise ValueError(f"issuer: the only place holder is {TENANT_PLACE}, once")
        if self.hashed_ids and self.tenant_path is not None:
            raise ValueError("tenant_path: with hashed_ids the company's claim is the tenant")
        return self

    def to_issuer(self) -> Issuer:
        """Build the issuer. Raises `ValueError`, `InvalidKeySetError` or `OSError` for unusable keys."""
        directory = self.hashed_ids
        default_roles = CUSTOMER_ROLES if TENANT_PLACE in self.issuer else frozenset(Role)
        return Issuer(
            issuer=self.issuer,
            audience=(self.audience,) if isinstance(self.audience, str) else tuple(self.audience),
            keys=self._key_source(),
            algorithms=ALGORITHMS if self.algorithms is None else frozenset(self.algorithms),
            role_paths=tuple(_to_path(path) for path in self.role_paths),
            user_path=_to_path(self.user_path or ("oid" if directory else "user_id")),
            company_path=_to_path(self.company_path or ("tid" if directory else "company_id")),
            tenant_path=None if self.tenant_path is None else _to_path(self.tenant_path),
            allowed_roles=default_roles if self.allowed_roles is None else frozenset(map(Role, self.allowed_roles)),
            role_as_string=self.role_as_string,
            hashed_ids=self.hashed_ids,
        )

    def _key_source(self) -> KeySource:
        if self.jwks_url is not None:
            return RemoteKeys(self.jwks_url)
        if self.pem is not None:
            return FixedKeys.from_pem(self.pem)
        return FileKeys(Path(self.jwks_file or self.pem_file or ""))


def issuers_from_config(entries: Sequence[Mapping[str, Any]]) -> list[Issuer]:
    """Build the trusted issuers. Raises `IssuerConfigError` that names the entry and the key; never shows key text."""
    issuers: list[Issuer] = []
    for number, entry in enumerate(entries):
        place = f"JWT_ISSUERS[{number}]"
        try:
            issuers.append(IssuerConfig.model_validate(entry).to_issuer())
        except ValidationError as error:
            raise IssuerConfigError(_describe(place, error)) from None
        except OSError as error:
            raise IssuerConfigError(f"{place}: key file not readable ({error.strerror})") from None
        except (InvalidKeySetError, ValueError) as error:
            raise IssuerConfigError(f"{place}: {error}") from None
    if len({issuer.issuer for issuer in issuers}) != len(issuers):
        raise IssuerConfigError("JWT_ISSUERS: the same issuer stands twice (give it a list of audiences instead)")
    return issuers


def issuers_from_json(text: str) -> list[Issuer]:
    """Read the setting's JSON list. Raises `IssuerConfigError`; empty text means no issuers."""
    if not text.strip():
        return []
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        raise IssuerConfigError("JWT_ISSUERS: not JSON") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise IssuerConfigError("JWT_ISSUERS: expected a list of objects")
    return issuers_from_config(entries)


def _to_path(path: str | list[str]) -> ClaimPath:
    return tuple(path.split(".")) if isinstance(path, str) else tuple(path)


def _describe(place: str, error: ValidationError) -> str:
    return "; ".join(
        ".".join([place, *(str(part) for part in item["loc"])]) + f": {item['msg']}"
        for item in error.errors(include_input=False, include_url=False)
    )
