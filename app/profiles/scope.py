"""Whom a caller may see, as the part of a query that keeps to them. Pure; an empty reach matches nothing."""

from app.database.client import Document
from auth.principal import Principal
from auth.rights import Action, Scope, scopes_of

NOTHING: Document = {"_id": {"$in": []}}


def users_within(principal: Principal, company_id: str | None) -> Document:
    """Return the query of the users in reach, narrowed to one company if one is asked for."""
    asked: Document = {} if company_id is None else {"companyId": company_id}
    return _within(principal, asked, own={"personId": principal.user_id}, company_field="companyId")


def companies_within(principal: Principal, company_id: str | None) -> Document:
    """Return the query of the companies in reach, narrowed to one if one is asked for."""
    asked: Document = {} if company_id is None else {"_id": company_id}
    return _within(principal, asked, own={"_id": principal.company_id}, company_field="_id")


def admits_user(principal: Principal, user: Document) -> bool:
    """Return whether a loaded user is in reach; the same rule as `users_within`."""
    scopes = scopes_of(principal, Action.READ_PROFILES)
    if Scope.ANY in scopes:
        return True
    if Scope.OWN_COMPANY in scopes and principal.company_id is not None:
        return user.get("companyId") == principal.company_id
    return Scope.OWN in scopes and principal.user_id is not None and user.get("personId") == principal.user_id


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
