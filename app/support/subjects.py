"""Finds whom a support request is about: by user id, by company id, or, for staff only, by UPN and tenant.

The look-up by UPN goes through the vault's blind index and matches exactly; this is the one place that takes a UPN. The
tenant leads to one company, and only what that company's own people saved with their tokens counts; claims, which
nobody proved, are found where there is no such person.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import Binary

from app.database.client import Database, Document
from app.database.vault import Vault
from app.profiles.scope import living
from app.profiles.store import find_company_of_tenant
from app.support.model import Subject


@dataclass(frozen=True, slots=True)
class UpnAsked:
    """A person as staff hear of them on the phone; kept out of the printed form."""

    ms_upn: str
    ms_tenant_id: str

    def __repr__(self) -> str:
        """Show nothing."""
        return "UpnAsked(...)"


@dataclass(frozen=True, slots=True)
class SubjectAsked:
    """Whom a caller names: exactly one of the three."""

    user_id: str | None = None
    company_id: str | None = None
    upn: UpnAsked | None = None


async def find_person(database: Database, user_id: str, within: Document) -> Subject | None:
    """Return the person of a user id, if one of their documents lies within what the caller may name."""
    query = {"$and": [{"$or": [{"_id": user_id}, {"personId": user_id}]}, within]}
    return _person_of(await _find(database, query))


async def find_sender(database: Database, user_id: str, within: Document) -> Subject | None:
    """Return a person who saved no profile but sent usage events, if one lies within what may be named."""
    row: Document | None = await database["events"].find_one({"userId": user_id, **within}, {"companyId": 1})
    return None if row is None else Subject(user_id, row["companyId"])


async def find_company(database: Database, company_id: str) -> Subject | None:
    """Return a company that is stored, or of which people or usage events are."""
    of_company = {"companyId": company_id}
    for collection, query in (("companies", {"_id": company_id}), ("users", of_company), ("events", of_company)):
        if await database[collection].find_one(query, {"_id": 1}):
            return Subject(None, company_id)
    return None


async def find_people_by_upn(database: Database, vault: Vault, upn: UpnAsked, now: datetime) -> list[Subject]:
    """Return the people whose UPN and tenant match exactly: those of the tenant's company, else a claim.

    Several are of one company, where two of its people state the same UPN.
    """
    company_id = await find_company_of_tenant(database, Binary(vault.blind_index("tenant", upn.ms_tenant_id)))
    documents: list[Any] = []
    if company_id is not None:
        key = Binary(vault.blind_index("company-upn", company_id, upn.ms_upn))
        documents = await _find(database, {"blindIndex": key, "verified": True, "companyId": company_id})
    if not documents:
        key = Binary(vault.blind_index("upn", upn.ms_tenant_id, upn.ms_upn))
        documents = await _find(database, {"blindIndex": key, "verified": False, **living(now)})
    return list(dict.fromkeys(Subject(_person_id(document), document.get("companyId")) for document in documents))


async def _find(database: Database, query: Document) -> list[Document]:
    fields = {"personId": 1, "companyId": 1, "verified": 1, "kind": 1}
    # AUTHENTICATED comes before IDENTIFIED: its company is the token's.
    found: list[Any] = await database["users"].find(query, fields).sort([("verified", -1), ("kind", 1)]).to_list(None)
    return found


def _person_of(documents: list[Document]) -> Subject | None:
    if not documents:
        return None
    companies = [document["companyId"] for document in documents if document.get("companyId")]
    return Subject(_person_id(documents[0]), companies[0] if companies else None)


def _person_id(document: Document) -> str:
    return str(document.get("personId") or document["_id"])
