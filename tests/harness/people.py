"""People for tests, saved through the API as a frontend does: a company, an authenticated and an identified person."""

from typing import Any

from auth.development import demo_company_id, demo_user_id
from auth.principal import Role
from tests.harness.system import System

COMPANY = demo_company_id(0)
PERSON = demo_user_id(0, 1)
OTHER_COMPANY = demo_company_id(1)
OTHER_PERSON = demo_user_id(1, 1)

TENANT = "5E872200-F546-4CCD-8F23-AF5F507AA2DD"
AUTHENTICATED: dict[str, Any] = {
    "intercomId": "alice@contoso.com",
    "intercomEmail": "alice.hawking@contoso.com",
    "msEmail": "alice.mail@contoso.com",
    "tld": "contoso.com",
    "name": "Alice Hawking",
    "msLocale": "EN-US",
    "license": "pro",
    "msIsTenantAdmin": False,
}
IDENTIFIED: dict[str, Any] = {
    "intercomId": "bob@contoso.com",
    "intercomEmail": "bob.upn@contoso.com",
    "locale": "EN-US",
    "msTenantId": TENANT,
    "msUpn": "bob.ms@contoso.com",
    "theme": "Dark",
    "msUserId": "6F872200-F546-4CCD-8F23-AF5F507AA2DD",
    "environment": "production",
    "version": "1.2",
}
COMPANY_FIELDS: dict[str, Any] = {
    "companyName": "contoso.onmicrosoft.com",
    "msTenantId": TENANT,
    "msTenantInitialDomain": "initial.contoso.com",
    "msTenantDefaultDomain": "default.contoso.com",
    "license": "enterprise",
}
RESTRICTED = {
    "AuthenticatedProfile": ("intercomId", "intercomEmail", "msEmail", "tld", "name"),
    "IdentifiedProfile": ("intercomId", "intercomEmail", "msUpn", "msTenantId", "msUserId"),
    "Company": ("companyName", "msTenantId", "msTenantInitialDomain", "msTenantDefaultDomain"),
}
SECRETS = [
    *(AUTHENTICATED[name] for name in RESTRICTED["AuthenticatedProfile"]),
    *(IDENTIFIED[name] for name in RESTRICTED["IdentifiedProfile"]),
    *(COMPANY_FIELDS[name] for name in RESTRICTED["Company"]),
]

SAVE_AUTHENTICATED = "mutation($i: AuthenticatedProfileInput!) { saveAuthenticatedProfile(input: $i) { user { id } } }"
SAVE_IDENTIFIED = "mutation($i: IdentifiedProfileInput!) { saveIdentifiedProfile(input: $i) { kind user { id } } }"
SAVE_COMPANY = "mutation($i: CompanyInput!) { saveCompany(input: $i) { id } }"


async def save_people(system: System) -> dict[str, str]:
    """Save the company and both profiles of its person; return the ids."""
    company = await system.ask(SAVE_COMPANY, Role.COMPANY_ADMIN, i=COMPANY_FIELDS)
    authenticated = await system.ask(SAVE_AUTHENTICATED, Role.USER, i=AUTHENTICATED)
    identified = await system.ask(SAVE_IDENTIFIED, Role.USER, i=IDENTIFIED)
    assert not (company.errors or authenticated.errors or identified.errors)
    return {
        "company": company.data["saveCompany"]["id"],
        "authenticated": authenticated.data["saveAuthenticatedProfile"]["user"]["id"],
        "identified": identified.data["saveIdentifiedProfile"]["user"]["id"],
    }


def token_of_roles(system: System, *roles: Role) -> str:
    """Return a token of somebody in the other company who has all of these roles at once."""
    claims = {"roles": [role.value for role in roles], "sub": "somebody"}
    return system.token(roles[0], OTHER_PERSON, OTHER_COMPANY, **claims)


async def open_and_take(system: System, **subject: Any) -> str:  # noqa: ANN401 - an input
    """Open a support request (about the demo user by default) and let the demo agent take it; return its id."""
    text = "mutation($i: OpenSupportRequestInput!) { openSupportRequest(input: $i) { id } }"
    given: dict[str, Any] = {"reason": "Teams are not created", **({"subject": subject} if subject else {})}
    opened = await system.ask(text, Role.COMPANY_ADMIN if subject else Role.USER, i=given)
    request_id: str = opened.data["openSupportRequest"]["id"]
    taken = await system.ask(
        "mutation($id: ID!) { takeSupportRequest(id: $id) { status } }", Role.SUPPORT, id=request_id
    )
    assert taken.data["takeSupportRequest"]["status"] == "TAKEN"
    return request_id
