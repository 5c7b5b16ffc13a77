"""Finds whom a support request is about: by user id, by company id, or, for staff only, by UPN and tenant.

The look-up by UPN goes through the vault's blind index and matches exactly; this is the one place that takes a UPN.
"""

from dataclasses import dataclass
from typing import Any

from bson import Binary

from app.database.client import Database, Document
from app.database.vault import Vault
from app.errors import bad_input
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


async def find_company(database: Database, company_id: str) -> Subject | None:
    """Return a company that is stored, or that stored users belong to."""
    for collection, query in (("companies", {"_id": company_id}), ("users", {"companyId": company_id})):
        if await database[collection].find_one(query, {"_id": 1}):
            return Subject(None, company_id)
    return None


async def find_person_by_upn(database: Database, vault: Vault, upn: UpnAsked) -> Subject | None:
    """Return the one person whose UPN and tenant match exactly: verified people first, else a claim."""
    tenant = Binary(vault.blind_index("tenant", upn.ms_tenant_id))
    companies = await database["companies"].find({"tenantIndex": tenant}, {"_id": 1}).to_list(None)
    keys = [
        Binary(vault.blind_index("upn", upn.ms_tenant_id, upn.ms_upn)),
        *(Binary(vault.blind_index("company-upn", company["_id"], upn.ms_upn)) for company in companies),
    ]
    documents = await _find(database, {"blindIndex": {"$in": keys}})
    verified = [document for document in documents if document["verified"]]
    people = {_person_id(document) for document in verified or documents}
    if len(people) > 1:
        raise bad_input("subject.upn", "match one person; several match, so name the userId instead")
    return _person_of(verified or documents)


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
