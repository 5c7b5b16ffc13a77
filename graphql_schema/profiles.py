"""Users, companies and the three kinds of support profile (P6-P9)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry import ID

from app.database.pages import EMPTY_PAGE, read_page_request
from app.error_reports.filters import ErrorFilter, ErrorsOf
from app.error_reports.reach import errors_of
from app.errors import not_found
from app.profiles.model import ProfileKind
from app.profiles.scope import admits_company, admits_user, companies_within, users_within
from app.profiles.store import find_companies, find_person, find_users
from app.support.disclosure import Subject
from app.usage.store import EventFilter, find_events
from auth.rights import Action
from graphql_schema.context import Context, Info
from graphql_schema.guards import RestrictedKind, guarded, inherits, restricted
from graphql_schema.paging import After, Connection, First
from graphql_schema.reading import stored
from graphql_schema.usage_reach import person_reach
from graphql_schema.usage_types import UsageEvent

if TYPE_CHECKING:
    from graphql_schema.error_reports import ErrorReport

# Reports name their person, people their reports: one of the two must be looked up late.
LazyErrorReport = Annotated["ErrorReport", strawberry.lazy("graphql_schema.error_reports")]

ProfileKindEnum = strawberry.enum(ProfileKind, name="ProfileKind", description="How the person uses the app.")


@inherits
@strawberry.interface(description="What is collected to support a person; which fields depends on the kind.")
class SupportProfile:
    """What the three kinds share."""

    kind: ProfileKindEnum
    collected_at: datetime | None

    @classmethod
    def resolve_type(cls, source: dict[str, Any], *_: object) -> str:
        """Return the GraphQL type of a profile."""
        return f"{str(source['kind']).title()}Profile"


@inherits
@strawberry.type(description="Outside Microsoft Teams, not logged in: no data is collected.")
class AnonymousProfile(SupportProfile):
    """Nothing else: nothing is collected."""


@inherits
@strawberry.type(description="Inside Microsoft Teams, not logged in: what the client claims, unproven.")
class IdentifiedProfile(SupportProfile):
    """The notice's fields for an identified person."""

    locale: str | None
    theme: str | None
    environment: str | None
    version: str | None
    intercom_id: str | None = restricted(RestrictedKind.UPN)
    intercom_email: str | None = restricted(RestrictedKind.UPN)
    ms_upn: str | None = restricted(RestrictedKind.UPN)
    ms_tenant_id: str | None = restricted(RestrictedKind.TENANT_ID)
    ms_user_id: str | None = restricted(RestrictedKind.DIRECTORY_ID)


@inherits
@strawberry.type(description="Inside Microsoft Teams, logged in.")
class AuthenticatedProfile(SupportProfile):
    """The notice's fields for an authenticated person."""

    user_id: ID | None
    customer_id: ID | None
    ms_locale: str | None
    license: str | None
    ms_is_tenant_admin: bool | None = strawberry.field(description="As the client says; never a ground for a right.")
    intercom_id: str | None = restricted(RestrictedKind.UPN)
    intercom_email: str | None = restricted(RestrictedKind.EMAIL)
    ms_email: str | None = restricted(RestrictedKind.EMAIL)
    tld: str | None = restricted(RestrictedKind.TENANT_DOMAIN)
    name: str | None = restricted(RestrictedKind.PERSON_NAME)


@inherits
@strawberry.type(description="A customer.")
class Company:
    """What is collected at company level."""

    id: ID
    company_id: ID | None
    license: str | None
    company_name: str | None = restricted(RestrictedKind.TENANT_DOMAIN)
    ms_tenant_id: str | None = restricted(RestrictedKind.TENANT_ID)
    ms_tenant_initial_domain: str | None = restricted(RestrictedKind.TENANT_DOMAIN)
    ms_tenant_default_domain: str | None = restricted(RestrictedKind.TENANT_DOMAIN)

    @guarded(Action.READ_PROFILES)
    async def users(self, info: Info, first: First, after: After = None) -> Connection["User"] | None:
        """The people of this company that the caller may see."""
        company_id = stored(self)["_id"]
        within = users_within(info.context.principal, company_id, info.context.now)
        return stored(await find_users(info.context.services.database, within, None, read_page_request(first, after)))


@inherits
@strawberry.type(description="A person, known by a generated id.")
class User:
    """One person under one kind of profile."""

    id: ID
    kind: ProfileKindEnum
    first_seen_at: datetime
    last_seen_at: datetime

    @guarded(Action.READ_PROFILES)
    def person_id(self) -> ID:
        """The same for all profiles of a person; receipts, support requests, events and erasures name it."""
        return stored(person_of(stored(self)))

    @guarded(Action.READ_PROFILES)
    def profile(self) -> SupportProfile:
        """The fields of the person's kind."""
        return stored(profile_of(stored(self)))

    @guarded(Action.READ_PROFILES)
    async def profiles(self, info: Info) -> list[SupportProfile] | None:
        """All profiles of the person: somebody may have been identified (UPN, app version) and also logged in."""
        context = info.context
        found = await context.services.people.of(person_of(stored(self)))
        return stored([profile_of(user) for user in found if admits_user(context.principal, user, context.now)])

    @guarded(Action.READ_PROFILES)
    async def company(self, info: Info) -> Company | None:
        """The person's company."""
        company_id = stored(self).get("companyId")  # of an older profile perhaps another than the caller's
        if company_id is None or not admits_company(info.context.principal, company_id):
            return None
        return stored(await info.context.services.companies.get(company_id))

    @guarded(Action.READ_USAGE)
    async def events(self, info: Info, first: First, after: After = None) -> Connection[UsageEvent] | None:
        """The person's usage events in the caller's reach, newest first."""
        user, context = stored(self), info.context
        page = read_page_request(first, after)
        reach = await person_reach(context, person_of(user), user.get("companyId"))
        return stored(await find_events(context.services.database, reach, EventFilter(), page))

    @guarded(Action.READ_ERRORS)
    async def errors(self, info: Info, first: First, after: After = None) -> Connection[LazyErrorReport] | None:
        """The person's living error reports, newest first."""
        user, context = stored(self), info.context
        page = read_page_request(first, after)
        if errors_of(context.principal) is None:
            return stored(EMPTY_PAGE)
        of = ErrorsOf(company_id=user.get("companyId"), user_id=person_of(user))
        return stored(await context.services.errors.find(of, ErrorFilter(), page, context.now))


ANONYMOUS_PROFILE = {"kind": ProfileKind.ANONYMOUS.value, "collectedAt": None}


def profile_of(user: dict[str, Any]) -> dict[str, Any]:
    """Return the profile in a stored user, with whom it is about."""
    return {
        **user["profile"],
        "kind": user["kind"],
        "collectedAt": user["collectedAt"],
        "restricted": user["restricted"],
        "subject": Subject(person_of(user), user.get("companyId")),
    }


def person_of(user: dict[str, Any]) -> str:
    """Return the id of the person whom a stored user is about."""
    return str(user.get("personId") or user["_id"])


async def find_user(context: Context, user_id: str) -> dict[str, Any] | None:
    """Return the stored user with this id, or of the person with this id, if the caller may see them."""
    found = await context.services.users.get(user_id)
    if found is not None and admits_user(context.principal, found, context.now):
        return found
    within = users_within(context.principal, None, context.now)
    return await find_person(context.services.database, user_id, within)


async def find_person_of_row(context: Context, person_id: str) -> dict[str, Any] | None:
    """Return the stored user of a person whom a row names, if the caller may see them: the authenticated one first.

    Takes an id by which rows name people, `User.personId`; what the rows of a list ask for is one read.
    """
    found = await context.services.people.of(person_id)
    return next((user for user in found if admits_user(context.principal, user, context.now)), None)


@strawberry.type
class ProfileQueries:
    """Looking people and companies up."""

    @guarded(Action.READ_PROFILES)
    async def user(self, info: Info, id: ID) -> User | None:
        """One person, by `User.id` or `User.personId`; null with NOT_FOUND if there is none that the caller may see."""
        found = await find_user(info.context, id)
        if found is None:
            raise not_found("user")
        return stored(found)

    @guarded(Action.READ_PROFILES)
    async def users(
        self,
        info: Info,
        first: First,
        after: After = None,
        company_id: ID | None = None,
        kind: Annotated[ProfileKind | None, strawberry.argument(description="Only people of this kind.")] = None,
    ) -> Connection[User]:
        """The people whom the caller may see."""
        within = users_within(info.context.principal, company_id, info.context.now)
        return stored(await find_users(info.context.services.database, within, kind, read_page_request(first, after)))

    @guarded(Action.READ_PROFILES)
    async def company(self, info: Info, id: ID) -> Company | None:
        """One company; null with NOT_FOUND if there is none that the caller may see."""
        rows = await find_companies(
            info.context.services.database,
            companies_within(info.context.principal, id),
            read_page_request(1, None),
        )
        if not rows.nodes:
            raise not_found("company")
        return stored(rows.nodes[0])

    @guarded(Action.READ_PROFILES)
    async def companies(self, info: Info, first: First, after: After = None) -> Connection[Company]:
        """The companies that the caller may see."""
        within = companies_within(info.context.principal, None)
        return stored(await find_companies(info.context.services.database, within, read_page_request(first, after)))
