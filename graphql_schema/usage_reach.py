"""Whose usage an operation may read: the caller's own, and what a support request that they have taken opens.

A token may have several roles: what it reaches is all that each of them reaches, and no more. Having something of one's
own is no right to somebody else's, and does not hide what a taken request opens.
"""

import asyncio

from app.errors import AppError, ErrorCode, bad_input, forbidden, not_found
from app.support.model import Subject
from app.support.policy import NEEDS_REQUEST, NEEDS_REQUEST_ABOUT_COMPANY, Allowed
from app.support.reach import TakenReach, taken_reach
from app.usage.reach import own_reach
from app.usage.store import UsageReach
from auth.principal import Principal
from auth.rights import Action, Scope, scopes_of
from graphql_schema.context import Context

NEEDS_OWN = "a token of this person, or of an admin of their company"


async def usage_reach(context: Context, coordinate: str) -> UsageReach:
    """Return whose events and requests the caller may read now; possibly nobody's."""
    taken = await _taken(context)
    opened = [(subject, taken.opening(subject)) for subject in taken.subjects]
    await asyncio.gather(*(_note(context, coordinate, subject, by) for subject, by in opened if by is not None))
    companies = [(company_id, None) for company_id in sorted(taken.whole_companies)]
    people = [(company_id, person_id) for company_id, person_id in sorted(taken.people, key=str) if company_id]
    return UsageReach((*own_reach(context.principal).parts, *companies, *people), everybody=taken.opens_all)


async def person_reach(context: Context, person_id: str, company_id: str | None) -> UsageReach:
    """Return the usage of one person, if it is the caller's to read now; raises what would open it."""
    reach = UsageReach(((company_id, person_id),) if company_id else ())
    if own_reach(context.principal).covers(company_id, person_id):
        return reach
    subject = Subject(person_id, company_id)
    by = (await _taken(context)).opening(subject)
    if by is not None:
        await _note(context, "User.events", subject, by)
        return reach
    if not may_take(context.principal):
        raise forbidden("User.events", NEEDS_OWN)
    raise _request_required("User.events", NEEDS_REQUEST)


async def dashboard_reach(
    context: Context, company_id: str | None, coordinate: str | None = None
) -> tuple[str, str | None]:
    """Return whose dashboard it is: a company, or one person in it; `coordinate` is the field that gives it now.

    Another company than a customer's own is `NOT_FOUND`, whether it exists or not; for an agent one without a request
    that they have taken is `SUPPORT_REQUEST_REQUIRED`, whether it exists or not.
    """
    own = {company: (company, person) for company, person in own_reach(context.principal).parts}
    asked = next(iter(own), None) if company_id is None else company_id
    if asked is None:
        if may_take(context.principal):
            raise bad_input("companyId", "name the company of a support request that you have taken")
        raise not_found("company")
    by = (await _taken(context)).opening(Subject(None, asked))
    if by is not None:
        if coordinate is not None:
            await _note(context, coordinate, Subject(None, asked), by)
        return asked, None
    if asked in own:
        return own[asked]
    if not may_take(context.principal):
        raise not_found("company")
    raise _request_required("Query.usageDashboard", NEEDS_REQUEST_ABOUT_COMPANY)


async def _note(context: Context, coordinate: str, subject: Subject, by: Allowed) -> None:
    """Receipt what a request has opened, before it is read: people see who looked at their usage, too."""
    await context.disclosures.disclosure.note(subject, coordinate, by)


def may_take(principal: Principal) -> bool:
    """Return whether a support request could open usage to this caller."""
    return Scope.TAKEN in scopes_of(principal, Action.READ_USAGE)


async def _taken(context: Context) -> TakenReach:
    services = context.services
    return await taken_reach(services.support.taken, context.principal, context.now, services.settings.support_access)


def _request_required(field: str, needs: str) -> AppError:
    return AppError(ErrorCode.SUPPORT_REQUEST_REQUIRED, f"You may not have {field}.", field=field, needs=needs)
