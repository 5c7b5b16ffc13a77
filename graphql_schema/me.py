"""The caller about themselves: who the token says they are, and what is held about them."""

import strawberry

from app.database.pages import read_page_request
from app.profiles.model import ProfileKind
from app.profiles.store import find_person
from auth.principal import Role
from auth.rights import Action
from graphql_schema.context import Info
from graphql_schema.guards import guarded, inherits
from graphql_schema.paging import After, Connection, First
from graphql_schema.profiles import ANONYMOUS_PROFILE, Company, ProfileKindEnum, SupportProfile, User, profile_of
from graphql_schema.reading import stored
from graphql_schema.receipts import AccessReceipt, read_receipts
from graphql_schema.support import SupportRequest


@inherits
@strawberry.type(description="The caller.")
class Me:
    """Who is calling, as the token tells, and their own record."""

    kind: ProfileKindEnum
    roles: list[Role]

    @guarded(Action.READ_SELF)
    def user(self) -> User | None:
        """What is held about the caller; null if nothing is."""
        return stored(stored(self)["own"])

    @guarded(Action.READ_SELF)
    async def company(self, info: Info) -> Company | None:
        """The caller's company."""
        company_id = info.context.principal.company_id
        if company_id is None:
            return None
        return stored(await info.context.services.companies.get(company_id))

    @guarded(Action.OPEN_SUPPORT_REQUEST)
    async def open_support_requests(self, info: Info) -> list[SupportRequest] | None:
        """The open or taken support requests about the caller, asked for or taken by them, the latest first."""
        context = info.context
        return stored(await context.services.support.find_own_unfinished(context.principal, context.now))

    @guarded(Action.READ_RECEIPTS)
    async def receipts(self, info: Info, first: First, after: After = None) -> Connection[AccessReceipt] | None:
        """Who opened, or was refused, what about the caller."""
        return stored(await read_receipts(info.context, read_page_request(first, after), about_caller=True))

    @guarded(Action.READ_SELF)
    def profile(self) -> SupportProfile | None:
        """The caller's profile; of somebody without a token nothing is collected."""
        source = stored(self)
        if source["kind"] == ProfileKind.ANONYMOUS:
            return stored(ANONYMOUS_PROFILE)
        return stored(profile_of(source["own"])) if source["own"] else None


@strawberry.type
class MeQueries:
    """The caller."""

    @guarded(Action.READ_SELF)
    async def me(self, info: Info) -> Me:
        """Who the caller is and what is held about them."""
        principal = info.context.principal
        own = None
        if principal.user_id is not None:
            own = await find_person(info.context.services.database, principal.user_id, {})
        kind = ProfileKind.ANONYMOUS if principal.is_anonymous else ProfileKind.AUTHENTICATED
        roles = sorted(principal.roles, key=list(Role).index)
        return stored({"kind": own["kind"] if own else kind, "roles": roles, "own": own})
