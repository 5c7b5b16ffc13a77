"""Who may open the restricted fields of whom, decided from values alone (design section 6). Pure.

Reads the requests as they are at the given moment, so that a clock end holds to the millisecond.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.errors import ErrorCode
from app.support.model import OpenedBy, Subject, SupportRequest, is_taken_by
from auth.principal import Principal, Role
from auth.rights import Action, Scope, scopes_of

AccessMode = Literal["request", "role"]

NEEDS_ROLE = "the support role, and a support request about this person or company that the agent has taken"
# Customers never open them; a person has their own in their copy.
NEEDS_OWN_COPY = f"myData for what is held about oneself; else {NEEDS_ROLE}"
NEEDS_TOKEN = "a token that has not run out"  # noqa: S105 - words, not a token
NEEDS_REQUEST = (
    "an open support request about this person or their company that you have taken: open one with openSupportRequest "
    "(or ask them to), then takeSupportRequest"
)
NEEDS_REQUEST_ABOUT_COMPANY = (
    "an open support request about this company or one of its people that you have taken: open one with "
    "openSupportRequest (or ask them to), then takeSupportRequest"
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The fields of the subject may be opened; `request_id` is None where the role alone is enough."""

    request_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Denied:
    """They may not: the code of the error, the reason for the receipt, what would open them."""

    code: ErrorCode
    reason: str
    needs: str


Decision = Allowed | Denied


def decide(
    principal: Principal, requests: Iterable[SupportRequest], subject: Subject, now: datetime, mode: AccessMode
) -> Decision:
    """Return whether the caller may open the subject's restricted fields, given the requests that they have taken."""
    if Scope.TAKEN not in scopes_of(principal, Action.OPEN_RESTRICTED):
        return Denied(ErrorCode.FORBIDDEN, "The role may not open restricted fields.", needs_role(principal))
    if principal.expires_at is not None and principal.expires_at <= now:
        return Denied(ErrorCode.FORBIDDEN, "The token has run out.", NEEDS_TOKEN)
    if mode == "role":
        return Allowed(None, "The role is enough in this installation.")
    fitting = [
        request for request in requests if is_taken_by(request, principal.subject, now) and covers(request, subject)
    ]
    if fitting:
        request = max(fitting, key=lambda request: request["accessEndsAt"])
        # No ticket: receipts outlive an erasure, and whoever opened the request may have written anything into it.
        return Allowed(request["_id"], f"A support request is taken (opened by {request['openedBy']}).")
    needs = NEEDS_REQUEST if subject.person_id else NEEDS_REQUEST_ABOUT_COMPANY
    return Denied(ErrorCode.SUPPORT_REQUEST_REQUIRED, "No support request about this subject is taken.", needs)


def needs_role(principal: Principal) -> str:
    """Return what would open restricted fields to a role that never takes a request."""
    return NEEDS_OWN_COPY if principal.user_id is not None else NEEDS_ROLE


def covers(request: SupportRequest, subject: Subject) -> bool:
    """Return whether a request is about this subject.

    A request about a person covers that person and their company; one about a company, the company and all its people.
    What an admin asks for stays within their company: a person may have moved on to another.
    """
    in_company = request["companyId"] is not None and request["companyId"] == subject.company_id
    if subject.person_id is not None and request["subjectId"] is not None:
        is_theirs = request["openedBy"] != OpenedBy.COMPANY_ADMIN or in_company
        return bool(request["subjectId"] == subject.person_id) and is_theirs
    return in_company


def acting_role(principal: Principal) -> Role | None:
    """Return the staff role that a receipt names, None for callers outside of the vendor's staff."""
    return next((role for role in STAFF if role in principal.roles), None)


STAFF = (Role.SUPPORT_LEAD, Role.SUPPORT, Role.PRIVACY_OFFICER)
