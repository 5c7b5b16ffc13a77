"""Whom a caller may see, as the part of a query that keeps to them. Pure; an empty reach matches nothing.

A claim is nobody's to see once its time is over, also where MongoDB has not come to deleting it yet.
"""

from datetime import datetime

from app.database.client import Document
from auth.principal import Principal
from auth.rights import Action, Scope, scopes_of

NOTHING: Document = {"_id": {"$in": []}}


def living(now: datetime) -> Document:
    """Return the query of the users who are held at this moment."""
    return {"expiresAt": {"$not": {"$lte": now}}}


def users_within(principal: Principal, company_id: str | None, now: datetime) -> Document:
    """Return the query of the living users in reach, narrowed to one company if one is asked for."""
    asked: Document = {} if company_id is None else {"companyId": company_id}
    within = _within(principal, asked, own={"personId": principal.user_id}, company_field="companyId")
    return {**within, **living(now)}


def companies_within(principal: Principal, company_id: str | None) -> Document:
    """Return the query of the companies in reach, narrowed to one if one is asked for."""
    asked: Document = {} if company_id is None else {"_id": company_id}
    return _within(principal, asked, own={"_id": principal.company_id}, company_field="_id")


def admits_user(principal: Principal, user: Document, now: datetime) -> bool:
    """Return whether a loaded user is in reach; the same rule as `users_within`."""
    if "expiresAt" in user and user["expiresAt"] <= now:
        return False
    scopes = scopes_of(principal, Action.READ_PROFILES)
    if Scope.ANY in scopes:
        return True
    if Scope.OWN_COMPANY in scopes and principal.company_id is not None:
        return user.get("companyId") == principal.company_id
    return Scope.OWN in scopes and principal.user_id is not None and user.get("personId") == principal.user_id


def admits_company(principal: Principal, company_id: str) -> bool:
    """Return whether a company is in reach; the same rule as `companies_within`."""
    scopes = scopes_of(principal, Action.READ_PROFILES)
    return Scope.ANY in scopes or (bool(scopes & {Scope.OWN_COMPANY, Scope.OWN}) and principal.company_id == company_id)


def _within(principal: Principal, asked: Document, own: Document, company_field: str) -> Document:
    scopes = scopes_of(principal, Action.READ_PROFILES)
    if Scope.ANY in scopes:
        return asked
    reach: Document = NOTHING
    if Scope.OWN_COMPANY in scopes and principal.company_id is not None:
        reach = {company_field: principal.company_id}
    elif Scope.OWN in scopes and None not in own.values():
        reach = own
    return {"$and": [asked, reach]} if asked else reach
