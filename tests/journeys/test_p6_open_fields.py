"""P6: what is restricted does not stand in an open profile field, which all of the staff read without a request."""

from typing import Any

import pytest

from auth.principal import Role
from tests.harness.people import (
    AUTHENTICATED,
    COMPANY_FIELDS,
    IDENTIFIED,
    SAVE_AUTHENTICATED,
    SAVE_COMPANY,
    SAVE_IDENTIFIED,
)
from tests.harness.system import Reply, System

IDENTITIES = ("alice@contoso.com", "contoso.com", "10.1.2.3", "5E872200-F546-4CCD-8F23-AF5F507AA2DD", " ", "x\nAlice")


async def save(system: System, field: str, value: str) -> Reply:
    """Save a profile or a company whose open field has the value."""
    if field == "companyLicense":
        return await system.ask(SAVE_COMPANY, Role.COMPANY_ADMIN, i={**COMPANY_FIELDS, "license": value})
    mutation: str = SAVE_IDENTIFIED if field in IDENTIFIED else SAVE_AUTHENTICATED
    given: dict[str, Any] = {**(IDENTIFIED if field in IDENTIFIED else AUTHENTICATED), field: value}
    return await system.ask(mutation, Role.USER, i=given)


@pytest.mark.parametrize(
    "field", ["locale", "theme", "environment", "version", "msLocale", "license", "companyLicense"]
)
async def test_an_open_field_takes_no_identity(system: System, field: str) -> None:
    """Refused naming the field, without the value, and nothing of it is stored."""
    for value in IDENTITIES:
        reply = await save(system, field, value)
        assert reply.codes == ["BAD_USER_INPUT"], value
        assert reply.errors[0]["extensions"]["field"] == field.replace("companyLicense", "license")
        assert value == " " or value not in str(reply.body)
    stored = [await system.services.database[name].count_documents({}) for name in ("users", "companies")]
    assert stored == [0, 0]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("locale", ("EN-US", "zh-Hant-TW", "es-419", "sr-Latn-RS", "en_US", "")),
        ("msLocale", ("EN-US", "fr-FR", "")),
        ("theme", ("Dark", "default", "high contrast", "teams-dark", "")),
        ("environment", ("production", "staging", "prod-eu-1", "GCC High", "")),
        ("version", ("1.2", "1.3.2", "10.0.22621.1", "2.0.0-beta.4", "1.0.0.0", "")),
        ("license", ("pro", "enterprise", "Business", "Microsoft 365 E3", "O365_BUSINESS_PREMIUM", "Pro+ (trial)", "")),
        ("companyLicense", ("enterprise", "free", "")),
    ],
)
async def test_what_the_notice_asks_for_is_taken(system: System, field: str, values: tuple[str, ...]) -> None:
    """Real languages, themes, environments, versions and licences, and the blank that says nothing."""
    for value in values:
        assert (await save(system, field, value)).errors == [], value


@pytest.mark.parametrize(("field", "value"), [("locale", "Alice Hawking"), ("msLocale", "Alice"), ("version", "Alice")])
async def test_languages_and_versions_have_their_shape(system: System, field: str, value: str) -> None:
    """Where the shape is known, not even a name passes."""
    assert (await save(system, field, value)).codes == ["BAD_USER_INPUT"]
