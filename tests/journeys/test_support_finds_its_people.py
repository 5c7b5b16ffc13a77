"""From a support request an agent comes to whom it is about: all their profiles, and people who saved none."""

from typing import Any

import pytest

from app.support.lookups import MISSES_MAX
from auth.development import demo_user_id
from auth.principal import Role
from tests.harness.people import (
    AUTHENTICATED,
    COMPANY,
    IDENTIFIED,
    OTHER_COMPANY,
    OTHER_PERSON,
    PERSON,
    SAVE_IDENTIFIED,
    TENANT,
    open_and_take,
    save_people,
)
from tests.harness.system import System
from tests.harness.usage import created, new_id, send

PROFILES = """id personId profiles { kind ... on IdentifiedProfile { msUpn version }
  ... on AuthenticatedProfile { name license } }"""
SUBJECT = f"query($id: ID!) {{ supportRequest(id: $id) {{ subjectId companyId subject {{ {PROFILES} }} }} }}"
USER = f"query($id: ID!) {{ user(id: $id) {{ {PROFILES} }} }}"
OPEN = "mutation($i: OpenSupportRequestInput!) { openSupportRequest(input: $i) { id subjectId companyId openedBy } }"
MINE = "{ me { user { id } openSupportRequests { id subjectId } } }"
CLOSE = "mutation($id: ID!) { closeSupportRequest(id: $id) { status } }"
COLLEAGUE = demo_user_id(0, 5)


async def open_request(system: System, role: Role, subject: dict[str, Any] | None = None) -> dict[str, Any]:
    """Open a request and return it."""
    given = {"reason": "help", "ticket": "T-1", **({"subject": subject} if subject else {})}
    reply = await system.ask(OPEN, role, i=given)
    assert reply.errors == [], reply.errors
    opened: dict[str, Any] = reply.data["openSupportRequest"]
    return opened


async def test_a_taken_request_leads_to_both_profiles(system: System) -> None:
    """UPN and app version stand in the identified one, which a person keeps when they log in."""
    await save_people(system)
    request = await open_and_take(system)
    reply = await system.ask(SUBJECT, Role.SUPPORT, id=request)
    assert reply.errors == []
    found = reply.data["supportRequest"]
    assert (found["subjectId"], found["companyId"]) == (PERSON, COMPANY)
    assert found["subject"]["profiles"] == [
        {"kind": "AUTHENTICATED", "name": AUTHENTICATED["name"], "license": "pro"},
        {"kind": "IDENTIFIED", "msUpn": IDENTIFIED["msUpn"], "version": "1.2"},
    ]


async def test_the_profiles_stay_shut_without_a_request_and_out_of_reach(system: System) -> None:
    """The other way to the fields has the same gate, and the same reach."""
    ids = await save_people(system)
    for asked in (PERSON, ids["identified"]):
        reply = await system.ask(USER, Role.SUPPORT, id=asked)
        assert set(reply.codes) == {"SUPPORT_REQUEST_REQUIRED"}
        assert [profile.get("name") or profile.get("msUpn") for profile in reply.data["user"]["profiles"]] == [
            None,
            None,
        ]
        stranger = system.token(Role.COMPANY_ADMIN, OTHER_PERSON, OTHER_COMPANY)
        assert (await system.ask(USER, token=stranger, id=asked)).codes == ["NOT_FOUND"]


async def test_a_list_of_people_shows_each_their_own_profiles(system: System) -> None:
    """Claims too, which are of nobody else; one read serves the whole list."""
    await save_people(system)
    await system.ask(SAVE_IDENTIFIED, None, i={"msUpn": "claimed@contoso.com", "theme": "Claimed"})
    query = "{ users(first: 9) { nodes { personId kind profiles { kind ... on IdentifiedProfile { theme } } } } }"
    nodes = (await system.ask(query, Role.SUPPORT)).data["users"]["nodes"]
    both = [{"kind": "AUTHENTICATED"}, {"kind": "IDENTIFIED", "theme": "Dark"}]
    mine = [node["profiles"] for node in nodes if node["personId"] == PERSON]
    assert mine == [both, both]
    (claim,) = [node for node in nodes if node["personId"] != PERSON]
    assert claim["profiles"] == [{"kind": "IDENTIFIED", "theme": "Claimed"}]
    own = (await system.ask(query, Role.COMPANY_ADMIN)).data["users"]["nodes"]
    assert [node["profiles"] for node in own] == [both, both]


async def test_somebody_who_was_only_identified_is_found_by_the_person_s_id(system: System) -> None:
    """What a receipt or a request names leads to the profile, and one's own id there to a request about oneself."""
    saved = await system.ask(SAVE_IDENTIFIED, Role.USER, i=IDENTIFIED)
    own_id = saved.data["saveIdentifiedProfile"]["user"]["id"]
    assert own_id != PERSON
    for asked in (PERSON, own_id):
        found = (await system.ask("query($id: ID!) { user(id: $id) { id personId } }", Role.SUPPORT, id=asked)).data
        assert found["user"] == {"id": own_id, "personId": PERSON}
    opened = await open_request(system, Role.USER, {"userId": own_id})
    assert (opened["subjectId"], opened["openedBy"]) == (PERSON, "SUBJECT")
    other = await system.ask(
        OPEN, token=system.token(Role.USER, COLLEAGUE, COMPANY), i={"reason": "help", "subject": {"userId": own_id}}
    )
    assert other.codes == ["NOT_FOUND"]


@pytest.mark.parametrize("role", [Role.COMPANY_ADMIN, Role.SUPPORT])
async def test_people_and_companies_that_only_sent_events_can_be_helped(system: System, role: Role) -> None:
    """Nobody saved a profile; the request still says whom it is about."""
    await send(system, [created(system.clock(), new_id())], system.token(Role.USER, COLLEAGUE, COMPANY))
    person = await open_request(system, role, {"userId": COLLEAGUE})
    company = await open_request(system, role, {"companyId": COMPANY})
    assert (person["subjectId"], person["companyId"]) == (COLLEAGUE, COMPANY)
    assert (company["subjectId"], company["companyId"]) == (None, COMPANY)
    for subject in ({"userId": demo_user_id(1, 5)}, {"companyId": new_id()}):
        given = {"reason": "help", "ticket": "T-1", "subject": subject}
        assert (await system.ask(OPEN, role, i=given)).codes == ["NOT_FOUND"]


async def test_open_requests_are_the_callers_own_however_many_there_are(system: System) -> None:
    """An agent's are those that they asked for or have; closed ones hide none."""
    await save_people(system)
    first = await open_request(system, Role.USER)
    for _ in range(101):
        other = await open_request(system, Role.USER)
        assert (await system.ask(CLOSE, Role.USER, id=other["id"])).errors == []
    assert [each["id"] for each in await open_requests(system, Role.USER)] == [first["id"]]
    assert await open_requests(system, Role.COMPANY_ADMIN) == []
    assert await open_requests(system, Role.SUPPORT) == []
    taken = await open_and_take(system)
    assert [each["id"] for each in await open_requests(system, Role.SUPPORT)] == [taken]
    system.clock.move(hours=9)
    assert await open_requests(system, Role.SUPPORT) == []


async def open_requests(system: System, role: Role) -> list[dict[str, Any]]:
    """Return what `me` says is open."""
    found: list[dict[str, Any]] = (await system.ask(MINE, role)).data["me"]["openSupportRequests"]
    return found


async def test_too_many_misses_are_told_by_the_status_too(system: System) -> None:
    """A client that reads no body waits as well."""
    given = {"reason": "help", "ticket": "T-1", "subject": {"upn": {"msUpn": "x@contoso.com", "msTenantId": TENANT}}}
    for _ in range(MISSES_MAX):
        assert (await system.ask(OPEN, Role.SUPPORT, i=given)).status == 200
    reply = await system.ask(OPEN, Role.SUPPORT, i=given)
    assert (reply.status, reply.codes) == (429, ["RATE_LIMITED"])
    assert int(reply.headers["retry-after"]) == reply.errors[0]["extensions"]["retryAfterSeconds"] > 60
