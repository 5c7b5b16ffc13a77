"""Support requests: what opens restricted fields, to whom, and for how long (design section 6)."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import ID

from app.database.pages import read_page_request
from app.errors import not_found
from app.profiles.scope import companies_within
from app.profiles.store import find_companies
from app.support.model import OpenedBy, SupportRequestStatus
from app.support.subjects import SubjectAsked, UpnAsked
from auth.rights import Action
from graphql_schema.context import Info
from graphql_schema.guards import guarded, inherits
from graphql_schema.paging import After, Connection, First
from graphql_schema.profiles import Company, User, find_person_of_row
from graphql_schema.reading import stored
from graphql_schema.receipts import AccessReceipt, read_receipts

SupportRequestStatusEnum = strawberry.enum(SupportRequestStatus, name="SupportRequestStatus")
OpenedByEnum = strawberry.enum(OpenedBy, name="OpenedBy", description="Who asked for help.")


@strawberry.input(
    description="A person as staff hear of them by phone or mail: matched exactly, receipted, rate limited."
)
class UpnInput:
    """The one look-up by UPN; staff only."""

    ms_upn: str
    ms_tenant_id: str


@strawberry.input(one_of=True, description="Whom the request is about.")
class SupportSubjectInput:
    """Exactly one of the three."""

    user_id: ID | None = strawberry.UNSET
    company_id: ID | None = strawberry.UNSET
    upn: UpnInput | None = strawberry.UNSET


@strawberry.input
class OpenSupportRequestInput:
    """Why, and about whom; without a subject it is about the caller."""

    reason: str
    ticket: str | None = strawberry.field(default=None, description="Required of staff.")
    subject: SupportSubjectInput | None = None


@inherits
@strawberry.type(description="A direct support request; while an agent has taken it, that agent may open its subject.")
class SupportRequest:
    """One request, as it is now."""

    id: ID
    reason: str
    ticket: str | None
    status: SupportRequestStatusEnum
    opened_by: OpenedByEnum
    opened_at: datetime
    taken_by: str | None = strawberry.field(description="The agent; outside of the vendor's staff a stable pseudonym.")
    taken_at: datetime | None
    access_ends_at: datetime | None
    closed_at: datetime | None
    expires_at: datetime
    subject_id: ID | None = strawberry.field(description="`User.personId` of whom it is about; null: the company.")
    company_id: ID | None

    @guarded(Action.READ_PROFILES)
    async def subject(self, info: Info) -> User | None:
        """The person whom the request is about; null if it is about a company, or they saved no profile."""
        person = stored(self)["subjectId"]
        return None if person is None else stored(await find_person_of_row(info.context, person))

    @guarded(Action.READ_PROFILES)
    async def company(self, info: Info) -> Company | None:
        """The company of the request; null if none is known, or it saved nothing about itself."""
        source, context = stored(self), info.context
        if source["companyId"] is None:
            return None
        within = companies_within(context.principal, source["companyId"])
        page = await find_companies(context.services.database, within, read_page_request(1, None))
        return stored(page.nodes[0] if page.nodes else None)

    @guarded(Action.READ_RECEIPTS)
    async def receipts(self, info: Info, first: First, after: After = None) -> Connection[AccessReceipt] | None:
        """The receipts of this request in the caller's reach."""
        return stored(await read_receipts(info.context, read_page_request(first, after), stored(self)["_id"]))


def read_subject(given: SupportSubjectInput | None) -> SubjectAsked | None:
    """Return whom the input names."""
    if given is None:
        return None
    if given.upn:
        return SubjectAsked(upn=UpnAsked(given.upn.ms_upn, given.upn.ms_tenant_id))
    return SubjectAsked(user_id=given.user_id or None, company_id=given.company_id or None)


@strawberry.type
class SupportQueries:
    """Reading support requests."""

    @guarded(Action.OPEN_SUPPORT_REQUEST)
    async def support_requests(
        self,
        info: Info,
        first: First,
        after: After = None,
        status: Annotated[
            SupportRequestStatus | None, strawberry.argument(description="Only those in this state.")
        ] = None,
    ) -> Connection[SupportRequest]:
        """The requests in the caller's reach, the latest first."""
        context, page = info.context, read_page_request(first, after)
        return stored(await context.services.support.find_page(context.principal, status, page, context.now))

    @guarded(Action.OPEN_SUPPORT_REQUEST)
    async def support_request(self, info: Info, id: ID) -> SupportRequest | None:
        """One request; null with NOT_FOUND if there is none in the caller's reach."""
        context = info.context
        found = await context.services.support.find(context.principal, id, context.now)
        if found is None:
            raise not_found("support request")
        return stored(found)


@strawberry.type
class SupportMutations:
    """Opening, taking, releasing and closing."""

    @guarded(Action.OPEN_SUPPORT_REQUEST)
    async def open_support_request(self, info: Info, input: OpenSupportRequestInput) -> SupportRequest:
        """Ask for help: about oneself, somebody in one's company, or (staff, flagged, with ticket) anybody."""
        context, asked = info.context, read_subject(input.subject)
        return stored(
            await context.services.support.open(context.principal, asked, input.reason, input.ticket, context.now)
        )

    @guarded(Action.TAKE_SUPPORT_REQUEST)
    async def take_support_request(self, info: Info, id: ID) -> SupportRequest:
        """Take an open request; of several agents at the same moment one wins, the others learn who."""
        context = info.context
        return stored(await context.services.support.take(context.principal, id, context.now))

    @guarded(Action.TAKE_SUPPORT_REQUEST)
    async def release_support_request(self, info: Info, id: ID) -> SupportRequest:
        """Give a taken request back."""
        context = info.context
        return stored(await context.services.support.release(context.principal, id, context.now))

    @guarded(Action.OPEN_SUPPORT_REQUEST)
    async def close_support_request(self, info: Info, id: ID) -> SupportRequest:
        """Close a request for good; all access through it ends at once."""
        context = info.context
        return stored(await context.services.support.close(context.principal, id, context.now))
