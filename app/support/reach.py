"""What callers reach through support requests: the requests they may see, and the usage that a taken one opens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.database.client import Document
from app.receipts.reach import show_agent
from app.support.model import Subject, SupportRequest, is_taken_by, request_at
from app.support.policy import AccessMode, Allowed, decide
from app.support.store import TakenReads
from auth.principal import Principal, Role
from auth.rights import Action, Scope, scopes_of


def requests_within(principal: Principal) -> Document | None:
    """Return the query of the support requests in reach, or None where the caller reaches none."""
    scopes = scopes_of(principal, Action.OPEN_SUPPORT_REQUEST)
    if Scope.FLAGGED in scopes:
        return {}
    reach: list[Document] = []
    if Scope.OWN_COMPANY in scopes and principal.company_ids:
        reach.append({"companyId": {"$in": sorted(principal.company_ids)}})
    if scopes & {Scope.OWN, Scope.OWN_COMPANY} and principal.user_id is not None:
        reach.append({"subjectId": principal.user_id})
    return {"$or": reach} if reach else None


def may_close(principal: Principal, request: SupportRequest, now: datetime) -> bool:
    """Return whether a caller may close the request: whom it is about, their admin, who opened or has it, or a lead."""
    return (
        Role.SUPPORT_LEAD in principal.roles
        or request["openerId"] == principal.subject
        or is_own(principal, request)
        or _is_own_companys(principal, request)
        or is_taken_by(request, principal.subject, now)
    )


def is_own(principal: Principal, request: SupportRequest) -> bool:
    """Return whether the request is about the caller."""
    return principal.user_id is not None and principal.user_id == request["subjectId"]


def _is_own_companys(principal: Principal, request: SupportRequest) -> bool:
    scopes = scopes_of(principal, Action.OPEN_SUPPORT_REQUEST)
    return Scope.OWN_COMPANY in scopes and request["companyId"] in principal.company_ids


def show_request(
    request: SupportRequest, principal: Principal, pseudonym: Callable[[str], str], now: datetime
) -> SupportRequest:
    """Return the request as it is now and as this caller may see it: outside of staff the agent is a pseudonym."""
    shown = request_at(request, now)
    if shown["takenBy"] and Scope.FLAGGED not in scopes_of(principal, Action.OPEN_SUPPORT_REQUEST):
        shown["takenBy"] = show_agent(shown["takenBy"], pseudonym)
    return shown


@dataclass(frozen=True, slots=True)
class TakenReach:
    """Whose usage is open to an agent by the requests that they have at one moment; `role` mode: everybody's."""

    principal: Principal
    requests: tuple[SupportRequest, ...]
    now: datetime
    mode: AccessMode

    def opens(self, person_id: str | None, company_id: str | None) -> bool:
        """Return whether a person's rows, or (without a person) a company's dashboard, are open."""
        return self.opening(Subject(person_id, company_id)) is not None

    def opening(self, subject: Subject) -> Allowed | None:
        """Return what opens a subject's usage, None if nothing does."""
        decision = decide(self.principal, self.requests, subject, self.now, self.mode)
        return decision if isinstance(decision, Allowed) else None

    @property
    def opens_all(self) -> bool:
        """Whether no request is needed."""
        return self.opens(None, None)

    @property
    def subjects(self) -> frozenset[Subject]:
        """Of whom the requests are; in `role` mode nobody in particular."""
        if self.opens_all:
            return frozenset({Subject(None, None)})
        return frozenset(Subject(request["subjectId"], request["companyId"]) for request in self.requests)

    @property
    def whole_companies(self) -> frozenset[str]:
        """Companies all of whose people are open: a request is about the company itself."""
        return frozenset(
            request["companyId"] for request in self.requests if request["subjectId"] is None and request["companyId"]
        )

    @property
    def people(self) -> frozenset[tuple[str | None, str]]:
        """People with a request about themselves, as (company, person)."""
        return frozenset(
            (request["companyId"], request["subjectId"]) for request in self.requests if request["subjectId"]
        )


async def taken_reach(taken: TakenReads, principal: Principal, now: datetime, mode: AccessMode) -> TakenReach:
    """Return what the caller's taken requests open at this moment; nothing for callers without a support role."""
    if Scope.TAKEN not in scopes_of(principal, Action.READ_USAGE):
        return TakenReach(principal, (), now, mode)
    return TakenReach(principal, tuple(await taken.of(principal.subject, now)), now, mode)
