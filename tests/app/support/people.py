"""The callers and requests of the support tests."""

from datetime import UTC, datetime, timedelta

from app.support.model import OpenedBy, Subject, SupportRequest, new_request
from auth.principal import Principal, Role

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LIFE = timedelta(days=7)
ACCESS = timedelta(hours=8)

PERSON = Principal("issuer|person", frozenset({Role.USER}), "PERSON", frozenset({"COMPANY"}))
COLLEAGUE = Principal("issuer|colleague", frozenset({Role.USER}), "COLLEAGUE", frozenset({"COMPANY"}))
ADMIN = Principal("issuer|admin", frozenset({Role.COMPANY_ADMIN}), "ADMIN", frozenset({"COMPANY"}))
OTHER_ADMIN = Principal("issuer|other", frozenset({Role.COMPANY_ADMIN}), "OTHER", frozenset({"OTHER COMPANY"}))
AGENT = Principal("issuer|agent", frozenset({Role.SUPPORT}))
OTHER_AGENT = Principal("issuer|other agent", frozenset({Role.SUPPORT}))
LEAD = Principal("issuer|lead", frozenset({Role.SUPPORT_LEAD}))
OFFICER = Principal("issuer|officer", frozenset({Role.PRIVACY_OFFICER}))

ABOUT_PERSON = Subject("PERSON", "COMPANY")
ABOUT_COLLEAGUE = Subject("COLLEAGUE", "COMPANY")
ABOUT_COMPANY = Subject(None, "COMPANY")


def request_about(subject: Subject, *, opened: datetime = NOON) -> SupportRequest:
    """Return an open request."""
    return new_request(
        subject,
        opened_by=OpenedBy.SUBJECT,
        opener_id=PERSON.subject,
        reason="It does not start.",
        ticket=None,
        now=opened,
        life=LIFE,
    )


def taken_request(subject: Subject, agent: Principal = AGENT, *, at: datetime = NOON) -> SupportRequest:
    """Return a request that an agent took at a time."""
    taken = {"status": "TAKEN", "takenBy": agent.subject, "takenAt": at, "accessEndsAt": at + ACCESS}
    return {**request_about(subject), **taken}
