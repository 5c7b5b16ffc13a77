"""Whose error reports, and whose counts of them, a caller may read. Pure."""

from app.error_reports.counting import ALL
from app.error_reports.filters import ErrorsOf
from auth.principal import Principal
from auth.rights import Action, Scope, scopes_of


def errors_of(principal: Principal) -> ErrorsOf | None:
    """Return the reports in the caller's reach, or None; an analyst sees counts only, hence no report."""
    scopes = scopes_of(principal, Action.READ_ERRORS)
    if Scope.ANY in scopes:
        return ErrorsOf()
    if Scope.OWN_COMPANY in scopes and principal.company_id is not None:
        return ErrorsOf(company_id=principal.company_id)
    if Scope.OWN in scopes and principal.user_id is not None:
        return ErrorsOf(company_id=principal.company_id, user_id=principal.user_id)
    return None


def counts_of(principal: Principal, action: Action = Action.READ_ERRORS) -> str | None:
    """Return whose counts the caller may read: `ALL`, a company's, or None: a person's are of their own reports."""
    scopes = scopes_of(principal, action)
    if scopes & {Scope.ANY, Scope.COUNTS}:
        return ALL
    return principal.company_id if Scope.OWN_COMPANY in scopes else None
