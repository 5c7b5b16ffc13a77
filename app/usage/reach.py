"""Whose usage a caller may read by their own token; what a support request opens is the support domain's part. Pure."""

from app.usage.store import UsageReach
from auth.principal import Principal
from auth.rights import Action, Scope, scopes_of


def own_reach(principal: Principal) -> UsageReach:
    """Return the usage that the caller's own token reaches: a company's, one person's, or nobody's."""
    scopes = scopes_of(principal, Action.READ_USAGE)
    if principal.company_id is None:
        return UsageReach()
    if Scope.OWN_COMPANY in scopes:
        return UsageReach(((principal.company_id, None),))
    if Scope.OWN in scopes and principal.user_id is not None:
        return UsageReach(((principal.company_id, principal.user_id),))
    return UsageReach()
