"""The support requests of the demo data: two taken by the demo agent, one that waits.

They live in the present, for access to a taken one ends after hours: each load opens again what has ended and takes it.
"""

from dataclasses import dataclass
from datetime import datetime

from app.support.model import SupportRequestStatus
from app.support.subjects import SubjectAsked
from auth.development import demo_company_id, demo_user_id
from auth.principal import Principal, Role
from graphql_schema.context import Services
from scripts.demo_data.companies import COMPANIES, ISSUER_PREFIX, DemoPerson

AGENT = Principal(f"{ISSUER_PREFIX}demo-support", frozenset({Role.SUPPORT}))


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """One call for help: who asks, about whom (None: themselves), and whether the agent has taken it."""

    opener: Principal
    subject: SubjectAsked | None
    reason: str
    ticket: str
    is_taken: bool


DEMO_REQUESTS = (
    DemoRequest(
        DemoPerson(COMPANIES[0], 1, "").principal(), None, "My requests stay in 'created' since this morning.",
        "DEMO-1001", is_taken=True,
    ),
    DemoRequest(
        AGENT, SubjectAsked(company_id=demo_company_id(2)), "By phone: nobody can sign in since the domain moved.",
        "DEMO-1002", is_taken=True,
    ),
    DemoRequest(
        DemoPerson(COMPANIES[0], 0, "").principal(), SubjectAsked(user_id=demo_user_id(0, 3)),
        "A colleague sees no templates.", "DEMO-1003", is_taken=False,
    ),
)  # fmt: skip


async def load_support_requests(services: Services, now: datetime) -> None:
    """Open what is not open, and take what the demo agent is to have."""
    for wanted in DEMO_REQUESTS:
        request_id = await _find_living(services, wanted.ticket, now)
        if request_id is None:
            opened = await services.support.open(wanted.opener, wanted.subject, wanted.reason, wanted.ticket, now)
            request_id = str(opened["_id"])
        if wanted.is_taken:
            await services.support.take(AGENT, request_id, now)


async def _find_living(services: Services, ticket: str, now: datetime) -> str | None:
    query = {"ticket": ticket, "status": {"$ne": SupportRequestStatus.CLOSED.value}, "expiresAt": {"$gt": now}}
    found = await services.database["support_requests"].find_one(query, {"_id": 1})
    return None if found is None else str(found["_id"])
