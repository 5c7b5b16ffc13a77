"""Whose usage an operation may read: the caller's own, or what a support request that they have taken opens."""

from app.errors import AppError, ErrorCode, bad_input, not_found
from app.support.policy import NEEDS_REQUEST, NEEDS_REQUEST_ABOUT_COMPANY
from app.support.reach import taken_reach
from app.usage.reach import own_reach
from app.usage.store import UsageReach
from auth.rights import Action, Scope, scopes_of
from graphql_schema.context import Context


async def usage_reach(context: Context) -> UsageReach:
    """Return whose events and requests the caller may read now; possibly nobody's."""
    own = own_reach(context.principal)
    if own is not None:
        return own
    taken = await taken_reach(
        context.services.database, context.principal, context.now, context.services.settings.support_access
    )
    companies = [(company_id, None) for company_id in sorted(taken.whole_companies)]
    people = [(company_id, person_id) for company_id, person_id in sorted(taken.people, key=str) if company_id]
    return UsageReach((*companies, *people), everybody=taken.opens_all)


async def person_reach(context: Context, person_id: str, company_id: str | None) -> UsageReach:
    """Return the usage of one person, if it is the caller's to read now; raises what would open it to an agent."""
    one = UsageReach(((company_id, person_id),) if company_id else ())
    if own_reach(context.principal) is not None:
        return one  # whoever sees the person by their own token reaches their usage too
    taken = await taken_reach(
        context.services.database, context.principal, context.now, context.services.settings.support_access
    )
    if taken.opens(person_id, company_id):
        return one
    raise AppError(
        ErrorCode.SUPPORT_REQUEST_REQUIRED,
        "You may not have User.events.",
        field="User.events",
        needs=NEEDS_REQUEST,
    )


async def dashboard_reach(context: Context, company_id: str | None) -> tuple[str, str | None]:
    """Return whose dashboard it is: a company, or one person in it.

    Another company than a customer's own is `NOT_FOUND`, whether it exists or not; for an agent one without a request
    that they have taken is `SUPPORT_REQUEST_REQUIRED`, whether it exists or not.
    """
    own = own_reach(context.principal)
    if own is not None:
        ((own_company, person_id),) = own.parts
        if company_id not in (None, own_company):
            raise not_found("company")
        return own_company, person_id
    if Scope.TAKEN not in scopes_of(context.principal, Action.READ_USAGE):
        raise not_found("company")
    if company_id is None:
        raise bad_input("companyId", "name the company of a support request that you have taken")
    taken = await taken_reach(
        context.services.database, context.principal, context.now, context.services.settings.support_access
    )
    if not taken.opens(None, company_id):
        raise AppError(
            ErrorCode.SUPPORT_REQUEST_REQUIRED,
            "You may not have Query.usageDashboard.",
            field="Query.usageDashboard",
            needs=NEEDS_REQUEST_ABOUT_COMPANY,
        )
    return company_id, None
