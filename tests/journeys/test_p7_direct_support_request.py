"""P7: "... and is only used in case of a direct support request" - the whole story, with three real tokens."""

import pytest

from auth.principal import Role
from tests.harness.people import AUTHENTICATED, OTHER_COMPANY, OTHER_PERSON, PERSON, open_and_take, save_people
from tests.harness.system import Reply, System

LOOK = "query($id: ID!) { user(id: $id) { profile { ... on AuthenticatedProfile { name msEmail license } } } }"
OPEN = "mutation($i: OpenSupportRequestInput!) { openSupportRequest(input: $i) { id status openedBy expiresAt } }"
TAKE = "mutation($id: ID!) { takeSupportRequest(id: $id) { status takenBy accessEndsAt } }"
RELEASE = "mutation($id: ID!) { releaseSupportRequest(id: $id) { status } }"
CLOSE = "mutation($id: ID!) { closeSupportRequest(id: $id) { status closedAt accessEndsAt } }"
ABOUT_ME = "{ me { receipts(first: 50) { nodes { subjectId } } } }"
RECEIPTS = """{ accessReceipts(first: 50) { nodes {
    sequence actor role granted fields reason supportRequestId subjectId companyId } } }"""


async def look(system: System, token: str | None = None) -> Reply:
    """An agent looks at the person's profile."""
    return await system.ask(LOOK, Role.SUPPORT, token=token, id=PERSON)


async def test_the_whole_story(system: System) -> None:
    """Refused, opened by the person, taken, resolved, receipted, seen by the person, closed, refused."""
    await save_people(system)
    assert (await look(system)).codes == ["SUPPORT_REQUEST_REQUIRED"] * 2

    opened = await system.ask(OPEN, Role.USER, i={"reason": "My team is not created"})
    request = opened.data["openSupportRequest"]
    assert (request["status"], request["openedBy"]) == ("OPEN", "SUBJECT")
    assert (await look(system)).codes == ["SUPPORT_REQUEST_REQUIRED"] * 2

    taken = await system.ask(TAKE, Role.SUPPORT, id=request["id"])
    assert taken.data["takeSupportRequest"]["status"] == "TAKEN"
    seen = await look(system)
    assert seen.errors == []
    assert seen.data["user"]["profile"] == {name: AUTHENTICATED[name] for name in ("name", "msEmail", "license")}

    mine = (await system.ask(RECEIPTS, Role.USER)).data["accessReceipts"]["nodes"]
    granted = [receipt for receipt in mine if receipt["granted"]]
    assert [receipt["fields"] for receipt in granted] == [["AuthenticatedProfile.msEmail", "AuthenticatedProfile.name"]]
    assert granted[0]["supportRequestId"] == request["id"]
    assert "demo-support" not in granted[0]["actor"]
    assert granted[0]["actor"] == taken_by_as_seen(
        await system.ask("{ supportRequests(first: 1) { nodes { takenBy } } }", Role.USER)
    )
    assert str(AUTHENTICATED["name"]) not in str(mine)

    closed = await system.ask(CLOSE, Role.USER, id=request["id"])
    assert closed.data["closeSupportRequest"]["status"] == "CLOSED"
    assert closed.data["closeSupportRequest"]["accessEndsAt"] == closed.data["closeSupportRequest"]["closedAt"]
    assert (await look(system)).codes == ["SUPPORT_REQUEST_REQUIRED"] * 2
    verified = await system.ask(
        "{ verifyReceipts(fromSequence: 1, toSequence: 100) { ok checked } }", Role.PRIVACY_OFFICER
    )
    assert verified.data["verifyReceipts"] == {"ok": True, "checked": 4}


async def test_receipts_about_the_caller_are_about_nobody_else(system: System) -> None:
    """Whatever else the role may read by `accessReceipts`."""
    await save_people(system)
    await look(system)
    mine = (await system.ask(ABOUT_ME, Role.USER)).data["me"]["receipts"]["nodes"]
    assert mine
    assert {receipt["subjectId"] for receipt in mine} == {PERSON}
    for role in (Role.COMPANY_ADMIN, Role.SUPPORT, Role.SUPPORT_LEAD, Role.PRIVACY_OFFICER):
        assert (await system.ask(RECEIPTS, role)).data["accessReceipts"]["nodes"]
        assert (await system.ask(ABOUT_ME, role)).data["me"]["receipts"]["nodes"] == []


def taken_by_as_seen(reply: Reply) -> str:
    """Return the agent's name in the first request of a reply."""
    name: str = reply.data["supportRequests"]["nodes"][0]["takenBy"]
    return name


@pytest.mark.parametrize("ends", [{"hours": 8}, {"days": 7}])
async def test_time_ends_access_by_itself(system: System, ends: dict[str, float]) -> None:
    """Eight hours after taking, or seven days after opening, nothing opens, and no job was needed."""
    await save_people(system)
    await open_and_take(system)
    assert (await look(system)).errors == []
    system.clock.move(**ends)
    assert (await look(system)).codes == ["SUPPORT_REQUEST_REQUIRED"] * 2


async def test_only_the_agent_who_took_it_sees(system: System) -> None:
    """Another agent is refused, told who has it, and may take it only once it is released."""
    await save_people(system)
    request = await open_and_take(system)
    other = system.token(Role.SUPPORT, sub="agent-two")
    assert (await look(system, other)).codes == ["SUPPORT_REQUEST_REQUIRED"] * 2
    refused = await system.ask(TAKE, token=other, id=request)
    assert refused.codes == ["FORBIDDEN"]
    assert "demo-support" in refused.errors[0]["message"]
    await system.ask(RELEASE, Role.SUPPORT, id=request)
    assert (await system.ask(TAKE, token=other, id=request)).errors == []
    assert (await look(system, other)).errors == []
    assert (await look(system)).codes == ["SUPPORT_REQUEST_REQUIRED"] * 2


async def test_a_request_opens_its_subject_and_nobody_else(system: System) -> None:
    """Another person and their company stay closed."""
    await save_people(system)
    other = system.token(Role.USER, OTHER_PERSON, OTHER_COMPANY)
    text = "mutation($i: AuthenticatedProfileInput!) { saveAuthenticatedProfile(input: $i) { kind } }"
    await system.ask(text, token=other, i={"name": "Mallory", "intercomId": "mallory@fabrikam.com"})
    await open_and_take(system)
    reply = await system.ask(
        "{ users(first: 10) { nodes { id profile { ... on AuthenticatedProfile { name } } } } }", Role.SUPPORT
    )
    names = {node["id"]: node["profile"].get("name") for node in reply.data["users"]["nodes"]}
    assert names[PERSON] == AUTHENTICATED["name"]
    assert names[OTHER_PERSON] is None
    assert reply.codes == ["SUPPORT_REQUEST_REQUIRED"]


async def test_staff_may_log_a_request_by_upn_with_a_ticket(system: System) -> None:
    """Flagged STAFF; without ticket refused; a miss is NOT_FOUND; customers cannot look up by UPN at all."""
    await save_people(system)
    upn = {"msUpn": "alice@contoso.com", "msTenantId": "5E872200-F546-4CCD-8F23-AF5F507AA2DD"}
    asked = {"reason": "phone", "subject": {"upn": upn}}
    assert (await system.ask(OPEN, Role.SUPPORT, i=asked)).codes == ["BAD_USER_INPUT"]
    logged = await system.ask(OPEN, Role.SUPPORT, i={**asked, "ticket": "T-1"})
    assert logged.data["openSupportRequest"]["openedBy"] == "STAFF"
    missed = {"reason": "phone", "ticket": "T-2", "subject": {"upn": {**upn, "msUpn": "nobody@contoso.com"}}}
    assert (await system.ask(OPEN, Role.SUPPORT, i=missed)).codes == ["NOT_FOUND"]
    assert (await system.ask(OPEN, Role.COMPANY_ADMIN, i=asked)).codes == ["FORBIDDEN"]


async def test_an_agent_who_loses_the_role_loses_access(system: System) -> None:
    """The taken request stays, but the token decides."""
    await save_people(system)
    await open_and_take(system)
    demoted = system.token(Role.ANALYST, sub="demo-support")
    assert (await look(system, demoted)).codes == ["FORBIDDEN"]


async def test_somebody_elses_request_looks_like_none(system: System) -> None:
    """A customer of another company cannot tell a request from a made-up id."""
    await save_people(system)
    request = await open_and_take(system)
    stranger = system.token(Role.COMPANY_ADMIN, OTHER_PERSON, OTHER_COMPANY)
    text = "query($id: ID!) { supportRequest(id: $id) { id } }"
    real, made_up = [(await system.ask(text, token=stranger, id=id_)).body for id_ in (request, "no-such-id")]
    assert real == made_up
    assert (await system.ask(CLOSE, token=stranger, id=request)).codes == ["NOT_FOUND"]
