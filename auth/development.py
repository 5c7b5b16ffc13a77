"""The issuer of the development mode: a key of its own in the data folder, and ready people to be.

Promises tokens that pass the same verification as anybody's. Whoever can read the data folder can be anybody, so the
server refuses it in production (that refusal is the settings' part).
"""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import NAMESPACE_URL, uuid4, uuid5

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from auth.issuers import Issuer
from auth.keys import FixedKeys
from auth.principal import Role

ISSUER: Final = "development"
AUDIENCE: Final = "data-practices-api"
ALGORITHM: Final = "EdDSA"
DEMO_COMPANIES: Final = 8


def demo_company_id(company: int) -> str:
    """Give the id of a company of the demo data (0 to 7)."""
    return str(uuid5(NAMESPACE_URL, f"demo/company/{company}")).upper()


def demo_user_id(company: int, user: int) -> str:
    """Give the id of a person of the demo data; person 0 of a company is its admin."""
    return str(uuid5(NAMESPACE_URL, f"demo/user/{company}/{user}")).upper()


DEMO_COMPANY_IDS: Final = tuple(demo_company_id(company) for company in range(DEMO_COMPANIES))

# Whom a role stands for when nobody is named: (user id, company id). Ingest is for all of DEMO_COMPANY_IDS.
DEMO_PEOPLE: Final[Mapping[Role, tuple[str | None, str | None]]] = MappingProxyType(
    {
        Role.USER: (demo_user_id(0, 1), demo_company_id(0)),
        Role.COMPANY_ADMIN: (demo_user_id(0, 0), demo_company_id(0)),
        Role.SUPPORT: (None, None),
        Role.SUPPORT_LEAD: (None, None),
        Role.PRIVACY_OFFICER: (None, None),
        Role.ANALYST: (None, None),
        Role.INGEST: (None, None),
    }
)


class DevelopmentIssuer:
    """Signs tokens with the key `keys/development.pem` of the data folder, made at the first use."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Load or make the key; `clock` gives seconds since 1970. Raises `ValueError` when the file holds another."""
        self._key = _load_or_make(folder / "keys" / "development.pem")
        self._clock = clock
        public = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.issuer = Issuer(
            issuer=ISSUER,
            audience=(AUDIENCE,),
            keys=FixedKeys.from_pem(public.decode("ascii")),
            algorithms=frozenset({ALGORITHM}),
        )

    def sign(
        self,
        role: Role,
        user_id: str | None = None,
        company_id: str | None = None,
        hours: float = 8,
        **extra: object,
    ) -> str:
        """Give a token for one role, without ids for its person of the demo data; `extra` are more claims."""
        demo_user, demo_company = DEMO_PEOPLE[role]
        user = user_id or demo_user
        companies = [company_id or demo_company] if company_id or demo_company else []
        if role is Role.INGEST and company_id is None:
            companies = list(DEMO_COMPANY_IDS)
        now = int(self._clock())
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user or f"demo-{role.value.replace('_', '-')}",
            "iat": now,
            "exp": now + round(hours * 3600),
            "jti": str(uuid4()),
            "roles": [role.value],
            "user_id": user,
            "company_id": companies,
        }
        present = {name: value for name, value in (claims | extra).items() if value not in (None, [])}
        return jwt.encode(present, self._key, algorithm=ALGORITHM)


def _load_or_make(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        _make(path)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path.name}: expected an Ed25519 private key")  # noqa: TRY004 - the file is wrong, no argument
    return key


def _make(path: Path) -> None:
    """Write a fresh key whole or not at all; of several workers that start at once, one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{uuid4().hex}.pem")
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
