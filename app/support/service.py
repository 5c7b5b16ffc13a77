"""Opens, takes, releases and closes support requests, and lists them, as far as the caller's role reaches.

What is not the caller's is answered like what does not exist. Who may open restricted fields through a request is
decided in `policy.py`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.database.client import Database, Document
from app.database.keyring import Keyring
from app.database.pages import EMPTY_PAGE, MAX_FIRST, Page, PageRequest
from app.database.vault import Vault
from app.errors import AppError, ErrorCode, forbidden, not_found
from app.receipts.writer import ReceiptWriter
from app.support.model import SupportRequest, SupportRequestStatus, is_taken_by, status_at
from app.support.opening import Opening
from app.support.reach import may_close, requests_within, show_request
from app.support.store import (
    TakenReads,
    close_request,
    find_request,
    find_requests,
    find_unfinished,
    release_request,
    take_request,
)
from app.support.subjects import SubjectAsked
from auth.principal import Principal, Role
from auth.rights import Action, scopes_of

THING = "support request"
NEEDS_SUPPORT_ROLE = "the support role"


@dataclass(frozen=True, slots=True)
class SupportService:
    """The support requests of this installation; every answer is the request as it is at `now`, shown to the caller."""

    database: Database
    vault: Vault
    keyring: Keyring
    receipts: ReceiptWriter
    access: timedelta
    request_life: timedelta
    taken: TakenReads = field(init=False)

    def __post_init__(self) -> None:
        """Share one reader of who has taken what."""
        object.__setattr__(self, "taken", TakenReads(self.database))

    async def open(
        self, principal: Principal, asked: SubjectAsked | None, reason: str, ticket: str | None, now: datetime
    ) -> SupportRequest:
        """Open a request about the caller, or about whom they name; see `Opening`."""
        opening = Opening(self.database, self.vault, self.receipts, self.request_life)
        return self._show(await opening.open_request(principal, asked, reason, ticket, now), principal, now)

    async def take(self, principal: Principal, request_id: str, now: datetime) -> SupportRequest:
        """Give an open request to the calling agent; of several at the same moment one wins, the others learn who.

        Taking what one has already changes nothing, so that a client may send again after any doubt.
        """
        self._require_agent(principal, "takeSupportRequest")
        taken = await take_request(self.database, request_id, principal.subject, now, self.access)
        if taken is not None:
            return self._show(taken, principal, now)
        request = await self._find(principal, request_id)
        if not is_taken_by(request, principal.subject, now):
            raise _not_takable(request, now)
        return self._show(request, principal, now)

    async def release(self, principal: Principal, request_id: str, now: datetime) -> SupportRequest:
        """Give a request back, by the agent who has it or by a lead; nothing changes if nobody has it."""
        self._require_agent(principal, "releaseSupportRequest")
        request = await self._find(principal, request_id)
        if status_at(request, now) is not SupportRequestStatus.TAKEN:
            return self._show(request, principal, now)
        if not is_taken_by(request, principal.subject, now) and Role.SUPPORT_LEAD not in principal.roles:
            raise forbidden("releaseSupportRequest", "to be the agent who has the request, or the support_lead role")
        released = await release_request(self.database, request, now)
        return self._show(released or await self._find(principal, request_id), principal, now)

    async def close(self, principal: Principal, request_id: str, now: datetime) -> SupportRequest:
        """Close a request for good, which ends all access at once; closing a closed one changes nothing."""
        request = await self._find(principal, request_id)
        if status_at(request, now) is SupportRequestStatus.CLOSED:  # sent again after a doubt
            return self._show(request, principal, now)
        if not may_close(principal, request, now):
            needs = "to be whom it is about, their admin, who asked, the agent who has it, or the support_lead role"
            raise forbidden("closeSupportRequest", needs)
        closed = await close_request(self.database, request_id, now)
        return self._show(closed or await self._find(principal, request_id), principal, now)

    async def find(self, principal: Principal, request_id: str, now: datetime) -> SupportRequest | None:
        """Return a request in the caller's reach, or None."""
        within = requests_within(principal)
        if within is None:
            return None
        request = await find_request(self.database, request_id, within)
        return request and self._show(request, principal, now)

    async def find_page(
        self, principal: Principal, status: SupportRequestStatus | None, page: PageRequest, now: datetime
    ) -> Page:
        """Return one page of the requests in the caller's reach, the latest first."""
        within = requests_within(principal)
        if within is None:
            return EMPTY_PAGE
        found = await find_requests(self.database, within, status, page, now)
        return Page([self._show(request, principal, now) for request in found.nodes], found.has_next, found.sort_field)

    async def find_own_unfinished(self, principal: Principal, now: datetime) -> list[SupportRequest]:
        """Return what is open or taken of the requests about the caller, opened by them, or taken by them."""
        within = requests_within(principal)
        if within is None:
            return []
        taken: Document = {"takenBy": principal.subject, "accessEndsAt": {"$gt": now}}
        of_caller: list[Document] = [{"openerId": principal.subject}, taken]
        if principal.user_id is not None:
            of_caller.append({"subjectId": principal.user_id})
        query = {"$and": [within, {"$or": of_caller}]}
        found = await find_unfinished(self.database, query, now, MAX_FIRST)
        return [self._show(request, principal, now) for request in found]

    async def _find(self, principal: Principal, request_id: str) -> SupportRequest:
        within = requests_within(principal)
        request = None if within is None else await find_request(self.database, request_id, within)
        if request is None:
            raise not_found(THING)
        return request

    def _require_agent(self, principal: Principal, field: str) -> None:
        if not scopes_of(principal, Action.TAKE_SUPPORT_REQUEST):
            raise forbidden(field, NEEDS_SUPPORT_ROLE)

    def _show(self, request: SupportRequest, principal: Principal, now: datetime) -> SupportRequest:
        return show_request(request, principal, self.keyring.pseudonym, now)


def _not_takable(request: SupportRequest, now: datetime) -> AppError:
    status = status_at(request, now)
    if status is SupportRequestStatus.TAKEN:
        ends = request["accessEndsAt"].isoformat(timespec="seconds")
        return AppError(
            ErrorCode.FORBIDDEN,
            f"{request['takenBy']} has this support request until {ends}.",
            field="takeSupportRequest",
            needs="the request to be released by the agent who has it, or their access to end",
            takenBy=request["takenBy"],
            accessEndsAt=ends,
        )
    if status is SupportRequestStatus.OPEN:  # it was released between the two looks
        return AppError(ErrorCode.UNAVAILABLE, "The support request has just changed. Try again.", retryAfterSeconds=1)
    return AppError(
        ErrorCode.FORBIDDEN,
        f"This support request is {status.value.lower()}.",
        field="takeSupportRequest",
        needs="a new support request: openSupportRequest",
    )
