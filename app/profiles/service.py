"""Saves profiles: verified ones of the token's person, and claims of nobody in particular, kept apart (P8, P9).

What a person is found by is their UPN together with the company of their token, so that nobody's input touches the
look-up of another company's people. The tenant and UPN that a claim names are a key among claims alone.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import Binary

from app.database.client import Database, Document
from app.database.keyring import Keyring
from app.database.vault import Vault
from app.errors import forbidden
from app.practices import CURRENT_VERSION
from app.profiles.model import (
    COMPANY_SHAPE,
    PROFILE_SHAPES,
    ProfileKind,
    Split,
    Value,
    check_identified,
    check_own,
    split_fields,
)
from app.profiles.store import delete_expired, save_company, save_user
from auth.principal import Principal

CLAIMS_OWNER = "claims"  # claims are sealed under a key of their own

Given = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class ProfileService:
    """The saving of profiles and companies."""

    database: Database
    vault: Vault
    keyring: Keyring
    claim_life: timedelta

    async def save_identified(self, principal: Principal, given: Given, now: datetime) -> Document:
        """Store an identified profile: the caller's own with a token, else a claim that dies unless verified."""
        split = split_fields(PROFILE_SHAPES[ProfileKind.IDENTIFIED], given)
        check_identified(split.restricted)
        if principal.is_anonymous:
            return await self._save_claim(split, now)
        person = require_person(principal)
        document = {
            **await self._profile_part(split, principal.company_id or CLAIMS_OWNER, now),
            **self._look_up_key(principal, split.restricted.get("msUpn")),
        }
        on_insert = {"kind": ProfileKind.IDENTIFIED.value, "verified": True, "personId": person, "firstSeenAt": now}
        key = {"_id": self.keyring.pseudonym(f"identified/{person}")}
        return await save_user(self.database, key, {**document, "companyId": principal.company_id}, on_insert)

    async def save_authenticated(self, principal: Principal, given: Given, now: datetime) -> Document:
        """Store the authenticated profile of the token's person."""
        person = require_person(principal)
        split = split_fields(PROFILE_SHAPES[ProfileKind.AUTHENTICATED], given)
        check_own("userId", given.get("userId"), person)
        check_own("customerId", given.get("customerId"), principal.company_id)
        document = {
            **await self._profile_part(split, principal.company_id or CLAIMS_OWNER, now),
            **self._look_up_key(principal, split.restricted.get("intercomId")),
            "companyId": principal.company_id,
        }
        on_insert = {"kind": ProfileKind.AUTHENTICATED.value, "verified": True, "personId": person, "firstSeenAt": now}
        return await save_user(self.database, {"_id": person}, document, on_insert)

    async def save_company(
        self, company_id: str, given: Given, now: datetime, *, proven_tenant: str | None = None
    ) -> Document:
        """Store the company of the token; `proven_tenant` is the tenant that the token itself proves, if it does.

        People are looked up under the proven tenant, else under the stated one, until another or a blank one is stated;
        see `save_company` of the store.
        """
        split = split_fields(COMPANY_SHAPE, given)
        check_own("companyId", given.get("companyId"), company_id)
        tenant = proven_tenant or split.restricted.get("msTenantId", "").strip()
        document: Document = {
            **split.open,
            "restricted": await self.vault.seal(company_id, split.restricted),
            "collectedAt": now,
            "practicesVersion": CURRENT_VERSION,
        }
        if tenant:
            document["tenantIndex"] = Binary(self.vault.blind_index("tenant", tenant))
            document["tenantProven"] = proven_tenant is not None
        # Left out is not given up: it would be another's who states the same one, and the company's people lost.
        is_told = proven_tenant is not None or "msTenantId" in split.restricted
        return await save_company(self.database, company_id, document, tenant_is_told=is_told)

    async def _save_claim(self, split: Split, now: datetime) -> Document:
        index = self._blind_index("upn", split.restricted.get("msTenantId"), split.restricted.get("msUpn"))
        document = await self._profile_part(split, CLAIMS_OWNER, now)
        kind = {"kind": ProfileKind.IDENTIFIED.value, "verified": False}
        key = {**index, **kind} if index else {"_id": str(uuid.uuid4()).upper(), **kind}
        # Saving again prolongs nothing.
        on_insert: dict[str, Any] = {"firstSeenAt": now, "expiresAt": now + self.claim_life}
        if index:
            on_insert["_id"] = str(uuid.uuid4()).upper()
            await delete_expired(self.database, key, now)  # MongoDB may not have come to it yet
        return await save_user(self.database, key, document, on_insert)

    async def _profile_part(self, split: Split, owner: str, now: datetime) -> Document:
        return {
            "profile": split.open,
            "restricted": await self.vault.seal(owner, split.restricted),
            "collectedAt": now,
            "lastSeenAt": now,
            "practicesVersion": CURRENT_VERSION,
        }

    def _look_up_key(self, principal: Principal, upn: str | None) -> Document:
        """Return what a verified person is found by: their UPN in the company of their token, never a stated tenant."""
        return self._blind_index("company-upn", principal.company_id, upn)

    def _blind_index(self, purpose: str, owner: str | None, upn: str | None) -> Document:
        if not (owner or "").strip() or not (upn or "").strip():
            return {}
        return {"blindIndex": Binary(self.vault.blind_index(purpose, str(owner), str(upn)))}


def require_person(principal: Principal) -> str:
    """Return the token's user id, or refuse: the token names a role but no person."""
    if principal.user_id is None:
        raise forbidden("input", "a token that names its user: the profile saved is that person's")
    return principal.user_id
