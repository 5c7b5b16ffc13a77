"""Finds of whom anything is held, in every collection that an erasure goes through: a profile is not needed for it."""

from datetime import datetime

from app.database.client import Database
from app.error_reports.counting import ALL
from app.profiles.scope import living
from app.subject_rights.holdings import COMPANY_HOLDINGS, PERSON_HOLDINGS
from app.support.model import Subject
from app.support.subjects import find_person


async def find_held_person(database: Database, user_id: str, now: datetime) -> Subject | None:
    """Return a person of whom something is held, with their company as far as it is told; None if nothing is."""
    known = await find_person(database, user_id, living(now))
    if known is not None and known.company_id is not None:
        return known
    for holding in PERSON_HOLDINGS:
        if holding.collection == "users":
            continue
        row = await database[holding.collection].find_one(holding.query(user_id), {"companyId": 1})
        if row is not None:
            known = known or Subject(user_id, None)
            if holding.in_own_company and row.get("companyId"):
                return Subject(known.person_id, row["companyId"])
    return known


async def find_held_company(database: Database, company_id: str) -> Subject | None:
    """Return a company of which something is held; None if nothing is, and for what stands for all companies."""
    if company_id == ALL:
        return None
    for holding in COMPANY_HOLDINGS:
        if await database[holding.collection].find_one(holding.query(company_id), {"_id": 1}):
            return Subject(None, company_id)
    return None
