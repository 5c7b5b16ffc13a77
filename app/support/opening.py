"""Opens a support request: who may about whom, and what staff must show for it (design section 6, 1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.database.client import Database
from app.database.vault import Vault
from app.errors import AppError, ErrorCode, bad_input, forbidden, not_found
from app.profiles.scope import living
from app.receipts.model import ReceiptDraft
from app.receipts.writer import ReceiptWriter
from app.support.lookups import begin_lookup, give_back
from app.support.model import OpenedBy, Subject, SupportRequest, check_reason, check_ticket, new_request
from app.support.policy import acting_role
from app.support.store import close_request, count_open_of, insert_request
from app.support.subjects import SubjectAsked, UpnAsked, find_company, find_people_by_upn, find_person, find_sender
from auth.principal import Principal
from auth.rights import Action, Scope, scopes_of

OPEN_MAX = 20  # unclosed requests of one customer
LOOKUP_FIELD = "UpnInput.msUpn"


@dataclass(frozen=True, slots=True)
class Opening:
    """The opening of requests."""

    database: Database
    vault: Vault
    receipts: ReceiptWriter
    life: timedelta

    async def open_request(
        self, principal: Principal, asked: SubjectAsked | None, reason: str, ticket: str | None, now: datetime
    ) -> SupportRequest:
        """Store and return a new request; raises `NOT_FOUND` for whoever is not the caller's to name."""
        scopes = scopes_of(principal, Action.OPEN_SUPPORT_REQUEST)
        if not scopes:
            raise forbidden("openSupportRequest", "a token with the user, company_admin or support role")
        if asked is None and Scope.FLAGGED in scopes and principal.user_id is None:
            raise bad_input("subject", "name whom the request is about: staff ask for others")
        staff = Scope.FLAGGED in scopes and asked is not None
        reason, ticket = check_reason(reason), check_ticket(ticket, required=staff)
        if not staff and await count_open_of(self.database, principal.subject, now) >= OPEN_MAX:
            raise _too_many_open()
        subject = await self._find_subject(principal, scopes, asked, now)
        request = new_request(
            subject,
            opened_by=_opened_by(principal, subject, staff=staff),
            opener_id=principal.subject,
            opener_person_id=principal.user_id,
            reason=reason,
            ticket=ticket,
            now=now,
            life=self.life,
        )
        await self._insert(request, now, limited=not staff)
        return request

    async def _insert(self, request: SupportRequest, now: datetime, *, limited: bool) -> None:
        """Store a request; of those that come at once each one that sees too many closes itself, rather all than none.

        It is not deleted: those who watch have been told of it already, and their streams end with what is gone.
        """
        await insert_request(self.database, request)
        if limited and await count_open_of(self.database, request["openerId"], now) > OPEN_MAX:
            await close_request(self.database, request["_id"], now)
            raise _too_many_open()

    async def _find_subject(
        self, principal: Principal, scopes: frozenset[Scope], asked: SubjectAsked | None, now: datetime
    ) -> Subject:
        if asked is None or (asked.user_id is not None and asked.user_id == principal.user_id):
            return _own_subject(principal)
        if asked.upn is not None:
            if Scope.FLAGGED not in scopes:
                raise forbidden("subject.upn", "the support role; name the userId instead")
            return await self._find_by_upn(principal, asked.upn, now)
        found: Subject | None = None
        if Scope.FLAGGED in scopes:
            found = await self._find_any(asked, now)
        elif Scope.OWN_COMPANY in scopes:
            found = await self._find_in_company(principal, asked)
        elif asked.user_id is not None and principal.user_id is not None:
            is_own = await find_person(self.database, asked.user_id, {"personId": principal.user_id}) is not None
            found = _own_subject(principal) if is_own else None  # in the token's company, not in a profile's
        if found is None:
            raise not_found("user" if asked.company_id is None else "company")
        return found

    async def _find_any(self, asked: SubjectAsked, now: datetime) -> Subject | None:
        if asked.user_id is not None:
            known = await find_person(self.database, asked.user_id, living(now))
            return known or await find_sender(self.database, asked.user_id, {})
        return None if asked.company_id is None else await find_company(self.database, asked.company_id)

    async def _find_in_company(self, principal: Principal, asked: SubjectAsked) -> Subject | None:
        if asked.user_id is not None:
            within = {"companyId": {"$in": sorted(principal.company_ids)}}
            known = await find_person(self.database, asked.user_id, within)
            return known or await find_sender(self.database, asked.user_id, within)
        return Subject(None, asked.company_id) if asked.company_id in principal.company_ids else None

    async def _find_by_upn(self, principal: Principal, upn: UpnAsked, now: datetime) -> Subject:
        lookup = await begin_lookup(self.database, principal.subject, now)
        found = await find_people_by_upn(self.database, self.vault, upn, now)
        if not found:
            await self.receipts.append([_look_up(principal, "A look-up by UPN found nobody.", now)])
            raise not_found("user")
        if len(found) > 1:  # the agent guessed nothing, so it is receipted but no miss
            await self.receipts.append([_look_up(principal, "A look-up by UPN found several people.", now)])
        await give_back(self.database, lookup)
        if len(found) > 1:
            raise bad_input("subject.upn", "match one person; several match, so name the userId instead")
        return found[0]


def _too_many_open() -> AppError:
    return AppError(
        ErrorCode.RATE_LIMITED,
        f"At most {OPEN_MAX} of your support requests may be open at a time.",
        field="openSupportRequest",
        needs="one of your open requests to be closed",
    )


def _own_subject(principal: Principal) -> Subject:
    if principal.user_id is None:
        raise forbidden("openSupportRequest", "a subject, or a token that names its user")
    return Subject(principal.user_id, principal.company_id)


def _opened_by(principal: Principal, subject: Subject, *, staff: bool) -> OpenedBy:
    if staff:
        return OpenedBy.STAFF
    about_self = subject.person_id is not None and subject.person_id == principal.user_id
    return OpenedBy.SUBJECT if about_self else OpenedBy.COMPANY_ADMIN


def _look_up(principal: Principal, outcome: str, now: datetime) -> ReceiptDraft:
    """Return the receipt of a look-up that led to no request; it does not say what was looked for."""
    role = acting_role(principal)
    return ReceiptDraft(
        at=now,
        actor=principal.subject,
        role=role.value if role else "",
        fields=(LOOKUP_FIELD,),
        granted=False,
        reason=outcome,
    )
