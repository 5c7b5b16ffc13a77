"""The one table of rights (design section 3).

States for each action how far each role reaches. Guards, the `@rights` directive, the README and the tests read this
table. What needs data (is the request taken? is it the caller's?) is a policy's part, and a few policies narrow by role
what is within reach: who closes others' requests, whose company values a copy holds, whose IP address is kept.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from auth.principal import Principal, Role


class Scope(StrEnum):
    """How far a right reaches; the value is the word of the README's table."""

    ANY = "any"
    OWN = "own"
    OWN_COMPANY = "own company"
    TOKEN_COMPANIES = "companies in its token"  # noqa: S105 - a scope, not a secret
    CLAIMED = "claimed"
    TAKEN = "taken request"
    COUNTS = "counts"
    FLAGGED = "any, flagged"
    OWN_ACTS = "own acts"


class Action(StrEnum):
    """What a caller may do; the value is the row of the README's table."""

    READ_PRACTICES = "dataPractices"
    RECORD_CENSUS = "recordCensus"
    RECORD_ERRORS = "recordErrors"
    RECORD_EVENTS = "recordEvents"
    SAVE_IDENTIFIED_PROFILE = "saveIdentifiedProfile"
    SAVE_AUTHENTICATED_PROFILE = "saveAuthenticatedProfile"
    SAVE_COMPANY = "saveCompany"
    READ_SELF = "me, myData"
    READ_PROFILES = "users, companies, open profile fields"
    OPEN_RESTRICTED = "restricted fields"
    READ_USAGE = "events, usageDashboard, request timeline"
    READ_VENDOR_USAGE = "anonymousUsage, censusReport"
    READ_CENSUS_RECORDS = "censusRecords"
    READ_ERRORS = "errors, error groups"
    READ_ERROR_COUNTS = "errorPerformance, errorCounts, signInFailures"
    READ_RETENTION = "retentionStatus"
    OPEN_SUPPORT_REQUEST = "open / close a support request"
    TAKE_SUPPORT_REQUEST = "take a support request"
    READ_RECEIPTS = "accessReceipts"
    VERIFY_RECEIPTS = "verifyReceipts"
    EXPLAIN_ACCESS = "explainAccess"
    SERVE_SUBJECT_RIGHTS = "erase, export for others"


Caller = Role | None  # None: no token
Row = Mapping[Caller, Scope]

_ALL_ROLES: tuple[Role, ...] = tuple(Role)
_STAFF = (Role.SUPPORT, Role.SUPPORT_LEAD, Role.PRIVACY_OFFICER)


def _row(scopes: Mapping[Caller | tuple[Caller, ...], Scope]) -> Row:
    row: dict[Caller, Scope] = {}
    for callers, scope in scopes.items():
        for caller in callers if isinstance(callers, tuple) else (callers,):
            row[caller] = scope
    return row


_ANY_FRONTEND = _row({(None, Role.USER, Role.COMPANY_ADMIN, Role.INGEST): Scope.ANY})

RIGHTS: Mapping[Action, Row] = {
    Action.READ_PRACTICES: _row({(None, *_ALL_ROLES): Scope.ANY}),
    Action.RECORD_CENSUS: _ANY_FRONTEND,
    Action.RECORD_ERRORS: _ANY_FRONTEND,
    Action.RECORD_EVENTS: _row(
        {(Role.USER, Role.COMPANY_ADMIN): Scope.OWN_COMPANY, Role.INGEST: Scope.TOKEN_COMPANIES}
    ),
    Action.SAVE_IDENTIFIED_PROFILE: _row({None: Scope.CLAIMED, (Role.USER, Role.COMPANY_ADMIN): Scope.OWN}),
    Action.SAVE_AUTHENTICATED_PROFILE: _row({(Role.USER, Role.COMPANY_ADMIN): Scope.OWN}),
    Action.SAVE_COMPANY: _row({Role.COMPANY_ADMIN: Scope.OWN_COMPANY, Role.INGEST: Scope.TOKEN_COMPANIES}),
    Action.READ_SELF: _row({(None, *(role for role in _ALL_ROLES if role is not Role.INGEST)): Scope.OWN}),
    Action.READ_PROFILES: _row({Role.USER: Scope.OWN, Role.COMPANY_ADMIN: Scope.OWN_COMPANY, _STAFF: Scope.ANY}),
    Action.OPEN_RESTRICTED: _row({(Role.SUPPORT, Role.SUPPORT_LEAD): Scope.TAKEN}),
    Action.READ_USAGE: _row(
        {Role.USER: Scope.OWN, Role.COMPANY_ADMIN: Scope.OWN_COMPANY, (Role.SUPPORT, Role.SUPPORT_LEAD): Scope.TAKEN}
    ),
    Action.READ_VENDOR_USAGE: _row({(*_STAFF, Role.ANALYST): Scope.ANY}),
    Action.READ_CENSUS_RECORDS: _row({Role.PRIVACY_OFFICER: Scope.ANY}),
    Action.READ_ERRORS: _row(
        {Role.USER: Scope.OWN, Role.COMPANY_ADMIN: Scope.OWN_COMPANY, _STAFF: Scope.ANY, Role.ANALYST: Scope.COUNTS}
    ),
    Action.READ_ERROR_COUNTS: _row({Role.COMPANY_ADMIN: Scope.OWN_COMPANY, (*_STAFF, Role.ANALYST): Scope.ANY}),
    Action.READ_RETENTION: _row({(Role.SUPPORT_LEAD, Role.PRIVACY_OFFICER): Scope.ANY}),
    Action.OPEN_SUPPORT_REQUEST: _row(
        {Role.USER: Scope.OWN, Role.COMPANY_ADMIN: Scope.OWN_COMPANY, (Role.SUPPORT, Role.SUPPORT_LEAD): Scope.FLAGGED}
    ),
    Action.TAKE_SUPPORT_REQUEST: _row({(Role.SUPPORT, Role.SUPPORT_LEAD): Scope.ANY}),
    Action.READ_RECEIPTS: _row(
        {
            Role.USER: Scope.OWN,
            Role.COMPANY_ADMIN: Scope.OWN_COMPANY,
            Role.SUPPORT: Scope.OWN_ACTS,
            (Role.SUPPORT_LEAD, Role.PRIVACY_OFFICER): Scope.ANY,
        }
    ),
    Action.VERIFY_RECEIPTS: _row({(Role.SUPPORT_LEAD, Role.PRIVACY_OFFICER): Scope.ANY}),
    Action.EXPLAIN_ACCESS: _row({(None, *_ALL_ROLES): Scope.ANY}),
    Action.SERVE_SUBJECT_RIGHTS: _row({Role.PRIVACY_OFFICER: Scope.ANY}),
}


def scopes_of(principal: Principal, action: Action) -> frozenset[Scope]:
    """Return how far the caller's roles reach for `action`; empty means not at all."""
    return _scopes_of_roles(None if principal.is_anonymous else principal.roles, action)


@lru_cache(maxsize=4_096)
def _scopes_of_roles(roles: frozenset[Role] | None, action: Action) -> frozenset[Scope]:
    row = RIGHTS[action]
    if roles is None:
        return frozenset({row[None]} if None in row else ())
    return frozenset(row[role] for role in roles if role in row)


def roles_with(action: Action) -> tuple[Role, ...]:
    """Return the roles that reach `action` at all, in the order of `Role`."""
    return tuple(role for role in Role if role in RIGHTS[action])


def open_to_anonymous(action: Action) -> bool:
    """Return whether `action` needs no token."""
    return None in RIGHTS[action]
