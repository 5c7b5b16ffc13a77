"""The three save mutations: profiles of the token's person, claims of nobody in particular, companies (P8, P9)."""

from dataclasses import fields
from typing import Any

import strawberry
from strawberry import ID

from app.profiles.model import ProfileKind
from app.usage.service import choose_company
from auth.rights import Action
from graphql_schema.context import Info
from graphql_schema.guards import guarded, inherits
from graphql_schema.profiles import Company, ProfileKindEnum, SupportProfile, User, profile_of
from graphql_schema.reading import graphql_name, stored


@strawberry.input(
    description="Inside Microsoft Teams, not logged in. Without a token this is a claim that nobody proved."
)
class IdentifiedProfileInput:
    """The notice's fields for an identified person."""

    intercom_id: str | None = None
    intercom_email: str | None = None
    locale: str | None = None
    ms_tenant_id: str | None = None
    ms_upn: str | None = None
    theme: str | None = None
    ms_user_id: str | None = None
    environment: str | None = None
    version: str | None = None


@strawberry.input(description="Inside Microsoft Teams, logged in.")
class AuthenticatedProfileInput:
    """The notice's fields for an authenticated person."""

    intercom_id: str | None = None
    intercom_email: str | None = None
    user_id: ID | None = None
    customer_id: ID | None = None
    ms_email: str | None = None
    tld: str | None = None
    name: str | None = None
    ms_locale: str | None = None
    license: str | None = None
    ms_is_tenant_admin: bool | None = None


@strawberry.input(description="The notice's fields at company level.")
class CompanyInput:
    """The company of the token."""

    company_id: ID | None = None
    company_name: str | None = None
    ms_tenant_id: str | None = None
    ms_tenant_initial_domain: str | None = None
    ms_tenant_default_domain: str | None = None
    license: str | None = None


@inherits
@strawberry.type(description="What was saved.")
class SavedProfile:
    """The profile; and the person, unless there was no token, so that saving tells nobody who is known."""

    kind: ProfileKindEnum
    profile: SupportProfile
    user: User | None


@strawberry.type
class SaveMutations:
    """Saving support data."""

    @guarded(Action.SAVE_IDENTIFIED_PROFILE)
    async def save_identified_profile(self, info: Info, input: IdentifiedProfileInput) -> SavedProfile:
        """Save the profile of a person inside Microsoft Teams who is not logged in.

        It replaces what was saved: a field left out becomes null.
        """
        context = info.context
        user = await context.services.profiles.save_identified(context.principal, _given(input), context.now)
        return stored(_saved(user, ProfileKind.IDENTIFIED, known=not context.principal.is_anonymous))

    @guarded(Action.SAVE_AUTHENTICATED_PROFILE)
    async def save_authenticated_profile(self, info: Info, input: AuthenticatedProfileInput) -> SavedProfile:
        """Save the caller's own profile, replacing what was saved: a field left out becomes null."""
        context = info.context
        user = await context.services.profiles.save_authenticated(context.principal, _given(input), context.now)
        return stored(_saved(user, ProfileKind.AUTHENTICATED, known=True))

    @guarded(Action.SAVE_COMPANY)
    async def save_company(self, info: Info, input: CompanyInput) -> Company:
        """Save the company of the caller's token, replacing what was saved: a field left out becomes null."""
        context = info.context
        company_id = choose_company(context.principal, input.company_id or None, Action.SAVE_COMPANY)
        proven = context.principal.tenant_id
        saving = context.services.profiles.save_company(company_id, _given(input), context.now, proven_tenant=proven)
        return stored(await saving)


def _given(given: object) -> dict[str, Any]:
    return {graphql_name(field.name): getattr(given, field.name) for field in fields(given)}  # type: ignore[arg-type]


def _saved(user: dict[str, Any], kind: ProfileKind, *, known: bool) -> dict[str, Any]:
    return {"kind": kind.value, "profile": profile_of(user), "user": user if known else None}
