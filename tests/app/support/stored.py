"""Stored users and companies of the support tests, as the profiles domain writes them."""

from datetime import datetime
from typing import Any

from bson import Binary

from app.support.service import SupportService
from tests.app.support.people import NOON

UPN, TENANT = "ada@contoso.example", "5c0a1d5e-0000-4000-8000-000000000001"


async def store_user(service: SupportService, user_id: str = "PERSON", **changes: Any) -> None:  # noqa: ANN401
    """Store a verified, authenticated user of COMPANY."""
    user = {
        "_id": user_id,
        "kind": "AUTHENTICATED",
        "verified": True,
        "personId": user_id,
        "companyId": "COMPANY",
        "profile": {},
        "restricted": {},
        "practicesVersion": "1",
        **dict.fromkeys(("collectedAt", "firstSeenAt", "lastSeenAt"), NOON),
        **changes,
    }
    stored = {name: value for name, value in user.items() if value is not None}
    await service.database["users"].insert_one(stored)


async def store_company(
    service: SupportService, company_id: str = "COMPANY", tenant: str = TENANT, since: datetime = NOON
) -> None:
    """Store a company with the tenant's blind index, which it has stated since a moment."""
    await service.database["companies"].insert_one(
        {
            "_id": company_id,
            "license": None,
            "companyId": company_id,
            "restricted": {},
            "collectedAt": NOON,
            "practicesVersion": "1",
            "tenantIndex": index_of(service, "tenant", tenant),
            "tenantSince": since,
        }
    )


def index_of(service: SupportService, *parts: str) -> Binary:
    """Return a blind index as it is stored."""
    return Binary(service.vault.blind_index(*parts))
