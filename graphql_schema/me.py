"""The caller about themselves: who the token says they are, and what is held about them."""

import strawberry

from app.profiles.model import ProfileKind
from app.profiles.store import find_company, find_own_user
from auth.rights import Action
from graphql_schema.context import Info
from graphql_schema.guards import RoleEnum, guarded, inherits
from graphql_schema.profiles import ANONYMOUS_PROFILE, Company, ProfileKindEnum, SupportProfile, User, profile_of
from graphql_schema.reading import stored


@inherits
@strawberry.type(description="The caller.")
class Me:
    """Who is calling, as the token tells, and their own record."""

    kind: ProfileKindEnum
    roles: list[RoleEnum]

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
        return stored(await find_company(info.context.services.database, company_id))

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
            own = await find_own_user(info.context.services.database, principal.user_id)
        kind = ProfileKind.ANONYMOUS if principal.is_anonymous else ProfileKind.AUTHENTICATED
        roles = sorted(principal.roles, key=list(type(next(iter(principal.roles)))).index) if principal.roles else []
        return stored({"kind": own["kind"] if own else kind, "roles": roles, "own": own})
