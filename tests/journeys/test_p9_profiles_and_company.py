"""P9: the identified and the authenticated profile and the company: the notice's fields, stored exactly."""

from datetime import timedelta
from typing import Any

import pytest

from auth.principal import Role
from tests.harness.people import (
    AUTHENTICATED,
    COMPANY,
    COMPANY_FIELDS,
    IDENTIFIED,
    PERSON,
    SAVE_AUTHENTICATED,
    SAVE_COMPANY,
    SAVE_IDENTIFIED,
    open_and_take,
    save_people,
)
from tests.harness.system import System

# The notice's own examples, blank values and all.
EXAMPLE_IDENTIFIED = {
    "intercomId": "",
    "intercomEmail": "",
    "locale": "EN-US",
    "msTenantId": "5E872200-F546-4CCD-8F23-AF5F507AA2DD",
    "msUpn": "",
    "theme": "Dark",
    "msUserId": "5E872200-F546-4CCD-8F23-AF5F507AA2DD",
    "environment": "production",
    "version": "1.2",
}
EXAMPLE_AUTHENTICATED = {
    "intercomId": "",
    "intercomEmail": "",
    "userId": "",
    "customerId": "",
    "msEmail": "",
    "tld": "contoso.com",
    "name": "Alice Hawking",
    "msLocale": "EN-US",
    "license": "pro",
    "msIsTenantAdmin": False,
}
EXAMPLE_COMPANY = {
    "companyId": "",
    "companyName": "",
    "msTenantId": "5E872200-F546-4CCD-8F23-AF5F507AA2DD",
    "msTenantInitialDomain": "",
    "msTenantDefaultDomain": "",
    "license": "enterprise",
}


async def read_profile(system: System, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the person's profile of a kind as support sees it."""
    text = f"{{ users(first: 9, kind: {kind.upper()}) {{ nodes {{ profile {{ ... on {kind}Profile {{ {' '.join(fields)} }} }} }} }} }}"
    reply = await system.ask(text, Role.SUPPORT)
    assert reply.errors == []
    profile: dict[str, Any] = reply.data["users"]["nodes"][0]["profile"]
    return profile


@pytest.mark.parametrize("given", [EXAMPLE_IDENTIFIED, IDENTIFIED])
async def test_identified_profile_comes_out_as_it_went_in(system: System, given: dict[str, Any]) -> None:
    """Every field, restricted ones through a taken request."""
    assert (await system.ask(SAVE_IDENTIFIED, Role.USER, i=given)).errors == []
    await open_and_take(system)
    assert await read_profile(system, "Identified", given) == given


@pytest.mark.parametrize("given", [EXAMPLE_AUTHENTICATED, {**AUTHENTICATED, "userId": PERSON, "customerId": COMPANY}])
async def test_authenticated_profile_comes_out_as_it_went_in(system: System, given: dict[str, Any]) -> None:
    """Every field, the generated ids among them."""
    assert (await system.ask(SAVE_AUTHENTICATED, Role.USER, i=given)).errors == []
    await open_and_take(system)
    assert await read_profile(system, "Authenticated", given) == given


@pytest.mark.parametrize("given", [EXAMPLE_COMPANY, {**COMPANY_FIELDS, "companyId": COMPANY}])
async def test_company_comes_out_as_it_went_in(system: System, given: dict[str, Any]) -> None:
    """Every field at company level."""
    assert (await system.ask(SAVE_COMPANY, Role.COMPANY_ADMIN, i=given)).errors == []
    await open_and_take(system)
    reply = await system.ask(
        f"query($id: ID!) {{ company(id: $id) {{ {' '.join(given)} }} }}", Role.SUPPORT, id=COMPANY
    )
    assert reply.errors == []
    assert reply.data["company"] == given


@pytest.mark.parametrize("field", ["userId", "customerId"])
async def test_nobody_saves_under_another_id(system: System, field: str) -> None:
    """An id in the input that is not the token's is refused, naming the field."""
    reply = await system.ask(SAVE_AUTHENTICATED, Role.USER, i={**AUTHENTICATED, field: "someone-else"})
    assert reply.codes == ["BAD_USER_INPUT"]
    assert reply.errors[0]["extensions"]["field"] == field


async def test_an_unknown_field_is_refused(system: System) -> None:
    """Nothing that the notice does not list is taken."""
    reply = await system.ask(SAVE_AUTHENTICATED, Role.USER, i={**AUTHENTICATED, "phone": "555"})
    assert reply.codes == ["BAD_USER_INPUT"]
    assert await system.services.database["users"].count_documents({}) == 0


async def test_saving_again_replaces(system: System) -> None:
    """One person has one profile of each kind; a UPN that passes to somebody else follows them."""
    await save_people(system)
    await system.ask(SAVE_AUTHENTICATED, Role.USER, i={**AUTHENTICATED, "license": "free"})
    reply = await system.ask("{ me { kind profile { ... on AuthenticatedProfile { license } } } }", Role.USER)
    assert reply.data["me"] == {"kind": "AUTHENTICATED", "profile": {"license": "free"}}
    assert (await system.ask(SAVE_AUTHENTICATED, Role.COMPANY_ADMIN, i=AUTHENTICATED)).errors == []
    assert await system.services.database["users"].count_documents({"kind": "AUTHENTICATED"}) == 2


@pytest.mark.parametrize(("text", "given"), [(SAVE_AUTHENTICATED, {"name": "A"}), (SAVE_IDENTIFIED, {"msUserId": "a"})])
async def test_nobody_is_seen_first_after_they_were_seen_last(system: System, text: str, given: dict[str, Any]) -> None:
    """Of hosts, one of whose clocks is behind, or of a client that sends late: what is told spans all."""
    moments = []
    for hours in (0, -2, 5):
        system.clock.stopped_at = system.clock().replace(microsecond=0) + timedelta(hours=hours)
        moments.append(system.clock())
        assert (await system.ask(text, Role.USER, i=given)).errors == []
    (stored,) = await system.services.database["users"].find({}).to_list(None)
    assert [stored["firstSeenAt"], stored["lastSeenAt"]] == [min(moments), max(moments)]
