"""Somebody who has moved on to another company takes nothing of the first one along, and leaves it nothing of the second."""

import pytest

from auth.principal import Role
from tests.harness.people import (
    AUTHENTICATED,
    COMPANY,
    COMPANY_FIELDS,
    IDENTIFIED,
    OTHER_COMPANY,
    PERSON,
    SAVE_AUTHENTICATED,
    SAVE_COMPANY,
    SAVE_IDENTIFIED,
    open_and_take,
)
from tests.harness.system import System

OPEN = "mutation($i: OpenSupportRequestInput!) { openSupportRequest(input: $i) { id subjectId companyId openedBy } }"
LOOK = """query($id: ID!) { user(id: $id) { company { id license } profiles {
  kind ... on AuthenticatedProfile { name } ... on IdentifiedProfile { msUpn } } } }"""
EXPLAIN = "query($d: String!) { explainAccess(document: $d) { path decision } }"


async def move(system: System) -> tuple[str, str]:
    """Save a profile in the first company and another in the second; return the id of the first, and the token of now."""
    await system.ask(SAVE_COMPANY, Role.COMPANY_ADMIN, i=COMPANY_FIELDS)
    saved = await system.ask(SAVE_IDENTIFIED, Role.USER, i=IDENTIFIED)
    token = system.token(Role.USER, PERSON, OTHER_COMPANY)
    assert (await system.ask(SAVE_AUTHENTICATED, token=token, i=AUTHENTICATED)).errors == []
    return saved.data["saveIdentifiedProfile"]["user"]["id"], token


async def test_their_own_request_is_of_the_company_of_their_token(system: System) -> None:
    """Also where they name themselves by the profile of before: its admin reads nothing of it."""
    old_id, token = await move(system)
    for named in (old_id, PERSON):
        opened = await system.ask(OPEN, token=token, i={"reason": "secret", "subject": {"userId": named}})
        found = opened.data["openSupportRequest"]
        assert (found["subjectId"], found["companyId"], found["openedBy"]) == (PERSON, OTHER_COMPANY, "SUBJECT")
    seen = await system.ask("{ supportRequests(first: 5) { nodes { reason } } }", Role.COMPANY_ADMIN)
    assert seen.data["supportRequests"]["nodes"] == []


async def test_the_first_company_s_admin_opens_nothing_of_the_second(system: System) -> None:
    """Through their request an agent gets what was saved in the admin's company, and no more."""
    await move(system)
    await open_and_take(system, userId=PERSON)
    reply = await system.ask(LOOK, Role.SUPPORT, id=PERSON)
    values = {
        profile["kind"]: profile.get("name") or profile.get("msUpn") for profile in reply.data["user"]["profiles"]
    }
    assert values == {"AUTHENTICATED": None, "IDENTIFIED": IDENTIFIED["msUpn"]}
    assert reply.codes == ["SUPPORT_REQUEST_REQUIRED"]
    document = LOOK.replace("query($id: ID!)", "").replace("$id", f'"{PERSON}"')
    told = (await system.ask(EXPLAIN, Role.SUPPORT, d=document)).data["explainAccess"]
    restricted = {row["path"]: row["decision"] for row in told if row["path"].endswith((".name", ".msUpn"))}
    assert set(restricted.values()) == {"DEPENDS"}


@pytest.mark.parametrize("role", [Role.USER, Role.COMPANY_ADMIN])
async def test_a_profile_of_before_does_not_show_its_company(system: System, role: Role) -> None:
    """It is out of reach by `company(id:)`, and so it is by way of the profile."""
    old_id, _ = await move(system)
    token = system.token(role, PERSON, OTHER_COMPANY)
    reply = await system.ask("query($id: ID!) { user(id: $id) { company { id license } } }", token=token, id=old_id)
    if role is Role.USER:
        assert reply.data["user"] == {"company": None}
    else:
        assert reply.codes == ["NOT_FOUND"]
    assert COMPANY not in str(reply.body)
