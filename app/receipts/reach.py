"""Whose receipts a caller may read, and how the agent is named to them.

Staff see agents as they are; people and company admins see a pseudonym that is always the same for one agent. An agent
who is a customer too sees of other agents what a customer sees.
"""

from collections.abc import Callable

from app.database.client import Document
from app.receipts.model import Receipt
from auth.principal import Principal
from auth.rights import Action, Scope, scopes_of


def receipts_within(principal: Principal) -> Document | None:
    """Return the query of the receipts in reach, or None where the caller reaches none."""
    scopes = scopes_of(principal, Action.READ_RECEIPTS)
    if Scope.ANY in scopes:
        return {}
    reach: list[Document] = []
    if Scope.OWN_ACTS in scopes:
        reach.append({"actor": principal.subject})
    if Scope.OWN_COMPANY in scopes and principal.company_ids:
        reach.append({"companyId": {"$in": sorted(principal.company_ids)}})
    if scopes & {Scope.OWN, Scope.OWN_COMPANY} and principal.user_id is not None:
        reach.append({"subjectId": principal.user_id})
    return {"$or": reach} if reach else None


def show_receipt(receipt: Receipt, principal: Principal, pseudonym: Callable[[str], str]) -> Receipt:
    """Return the receipt as this caller may see it; `pseudonym` is the keyring's."""
    scopes = scopes_of(principal, Action.READ_RECEIPTS)
    own_act = Scope.OWN_ACTS in scopes and receipt["actor"] == principal.subject
    if own_act or Scope.ANY in scopes:
        return receipt
    return {**receipt, "actor": show_agent(receipt["actor"], pseudonym)}


def show_agent(subject: str, pseudonym: Callable[[str], str]) -> str:
    """Return the stable pseudonym of an agent."""
    return pseudonym(f"agent/{subject}")
