"""Support requests: what is stored, and what it means at a moment. Pure.

Every clock end is true without any job: a stored TAKEN whose access has ended reads as OPEN again, and whatever is not
closed reads as EXPIRED once its days are over.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.errors import bad_input

SupportRequest = dict[str, Any]
REASON_MAX = 1_000
TICKET_MAX = 100


class SupportRequestStatus(StrEnum):
    """The states of a support request."""

    OPEN = "OPEN"
    TAKEN = "TAKEN"
    CLOSED = "CLOSED"
    EXPIRED = "EXPIRED"


class OpenedBy(StrEnum):
    """Who asked for help."""

    SUBJECT = "SUBJECT"
    COMPANY_ADMIN = "COMPANY_ADMIN"
    STAFF = "STAFF"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom data or a request is about: a person (and their company), or a company when there is no person."""

    person_id: str | None
    company_id: str | None


def check_reason(reason: str) -> str:
    """Return a reason of 1 to 1000 characters, or raise `BAD_USER_INPUT`."""
    if not reason.strip() or len(reason) > REASON_MAX or "\x00" in reason:
        raise bad_input("reason", f"have 1 to {REASON_MAX} characters")
    return reason.strip()


def check_ticket(ticket: str | None, *, required: bool) -> str | None:
    """Return a ticket of 1 to 100 printable characters, or none where it is not required; else `BAD_USER_INPUT`."""
    ticket = (ticket or "").strip()
    if not ticket:
        if required:
            raise bad_input("ticket", f"be given by staff: 1 to {TICKET_MAX} printable characters")
        return None
    if not 0 < len(ticket) <= TICKET_MAX or not ticket.isprintable():
        raise bad_input("ticket", f"have 1 to {TICKET_MAX} printable characters")
    return ticket


def new_request(
    subject: Subject,
    *,
    opened_by: OpenedBy,
    opener_id: str,
    reason: str,
    ticket: str | None,
    now: datetime,
    life: timedelta,
    opener_person_id: str | None = None,
) -> SupportRequest:
    """Return a request as it is stored; `opener_person_id` is who asks, so that an erasure finds them in it."""
    opener = {"openerPersonId": opener_person_id} if opener_person_id else {}
    return {
        **opener,
        "_id": str(uuid.uuid4()),
        "reason": reason,
        "ticket": ticket,
        "status": SupportRequestStatus.OPEN.value,
        "openedBy": opened_by.value,
        "openedAt": now,
        "openerId": opener_id,
        "subjectId": subject.person_id,
        "companyId": subject.company_id,
        "takenBy": None,
        "takenAt": None,
        "accessEndsAt": None,
        "closedAt": None,
        "expiresAt": now + life,
    }


def status_at(request: SupportRequest, now: datetime) -> SupportRequestStatus:
    """Return the state of a stored request at a moment."""
    if request["status"] == SupportRequestStatus.CLOSED:
        return SupportRequestStatus.CLOSED
    if request["expiresAt"] <= now:
        return SupportRequestStatus.EXPIRED
    if request["status"] == SupportRequestStatus.TAKEN and request["accessEndsAt"] > now:
        return SupportRequestStatus.TAKEN
    return SupportRequestStatus.OPEN


def request_at(request: SupportRequest, now: datetime) -> SupportRequest:
    """Return the request as it is at a moment: its state, and a taker only while and after there is one."""
    status = status_at(request, now)
    shown = {**request, "status": status.value}
    if status is SupportRequestStatus.OPEN:
        shown.update(takenBy=None, takenAt=None, accessEndsAt=None)
    elif status is SupportRequestStatus.CLOSED and shown["accessEndsAt"] is not None:
        shown["accessEndsAt"] = min(shown["accessEndsAt"], shown["closedAt"])
    return shown


def is_taken_by(request: SupportRequest, agent: str, now: datetime) -> bool:
    """Return whether this agent has the request at this moment."""
    return status_at(request, now) is SupportRequestStatus.TAKEN and request["takenBy"] == agent
