"""Whose usage a caller may read: their own, their company's. Pure."""

from collections.abc import Sequence

from app.database.client import Document
from app.usage.store import EventsOf
from auth.principal import Principal
from auth.rights import Action, Scope, scopes_of


def own_reach(principal: Principal) -> EventsOf | None:
    """Return the usage that the caller's own token reaches, or None."""
    scopes = scopes_of(principal, Action.READ_USAGE)
    if principal.company_id is None:
        return None
    if Scope.OWN_COMPANY in scopes:
        return EventsOf(principal.company_id)
    if Scope.OWN in scopes and principal.user_id is not None:
        return EventsOf(principal.company_id, principal.user_id)
    return None


def may_see_request(of: EventsOf, events: Sequence[Document]) -> bool:
    """Return whether a request with these events is within reach; a person's own is one that they had a part in."""
    if of.user_id is None:
        return bool(events)
    return any(event.get("userId") == of.user_id for event in events)
