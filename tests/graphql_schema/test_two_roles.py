"""A token of two roles reads exactly what either role reads: no more, and nothing that the other role would hide."""

from collections.abc import AsyncIterator, Iterator
from itertools import combinations
from pathlib import Path

import pytest

from app.database.embedded import EmbeddedMongod
from auth.principal import Role
from tests.harness.people import (
    COMPANY,
    OTHER_COMPANY,
    OTHER_PERSON,
    PERSON,
    SAVE_AUTHENTICATED,
    SAVE_COMPANY,
    save_people,
    token_of_roles,
)
from tests.harness.system import System, running_system
from tests.harness.usage import created, new_id, send

STEP = 'from: "2020-01-01T00:00:00Z", to: "2020-02-01T00:00:00Z", interval: DAY, timeZone: "UTC"'
DASHBOARD = f"usageDashboard({STEP}%s) {{ start }}"
READS = (  # apart, since a refused root field takes the whole answer with it
    """users(first: 9) { nodes { id events(first: 9) { nodes { eventId } } errors(first: 9) { nodes { reportId } } } }""",
    """companies(first: 9) { nodes { id users(first: 9) { nodes { id events(first: 9) { nodes { eventId } } } } } }""",
    "events(first: 9) { nodes { eventId } }",
    "errors(first: 9) { nodes { reportId user { id } } }",
    f"own: {DASHBOARD % ''}",
    f"mine: {DASHBOARD}" % f', companyId: "{OTHER_COMPANY}"',
    f"theirs: {DASHBOARD}" % f', companyId: "{COMPANY}"',
    "supportRequests(first: 9) { nodes { id subject { id } company { id } receipts(first: 100) { nodes { sequence fields } } } }",
    "accessReceipts(first: 100) { nodes { sequence fields } }",
)
LEFT_BY_READING = {"User.events", "Query.events", "Query.usageDashboard"}
RECORD_ERRORS = "mutation($r: [ErrorReportInput!]!) { recordErrors(reports: $r) { accepted } }"
OPEN = "mutation($i: OpenSupportRequestInput!) { openSupportRequest(input: $i) { id } }"
TAKE = "mutation($id: ID!) { takeSupportRequest(id: $id) { status } }"
LOOK = "{ users(first: 9) { nodes { profile { ... on AuthenticatedProfile { name } } } } }"


def facts(value: object, path: str = "") -> Iterator[str]:
    """Give each value of an answer with its place; rows are named by what identifies them, not by their number.

    Without the receipts that reading leaves itself, which the next reader has too.
    """
    if isinstance(value, dict) and set(value.get("fields", ())) & LEFT_BY_READING:
        return
    if isinstance(value, dict):
        row = next((str(value[key]) for key in ("id", "eventId", "reportId", "sequence") if key in value), "")
        for name, inner in value.items():
            yield from facts(inner, f"{path}/{row}/{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from facts(inner, path)
    elif value is not None:
        yield f"{path}={value}"


async def leave_traces(system: System, role: Role, user_id: str, company_id: str) -> None:
    """Let a person leave an event, an error and a support request."""
    token, now = system.token(role, user_id, company_id), system.clock()
    await send(system, [created(now, new_id(), teamName="Secret merger")], token)
    report = {"reportId": user_id, "occurredAt": now.isoformat(), "kind": "OTHER"}
    assert (await system.ask(RECORD_ERRORS, token=token, r=[report])).errors == []
    assert (await system.ask(OPEN, token=token, i={"reason": "help"})).errors == []


@pytest.fixture(scope="module")
async def two_companies(mongod: EmbeddedMongod, data_folder: Path) -> AsyncIterator[System]:
    """Two companies with a life; somebody in the other one has taken the request of the first one's person."""
    async with running_system(mongod.uri, data_folder) as system:
        await save_people(system)
        admin = system.token(Role.COMPANY_ADMIN, OTHER_PERSON, OTHER_COMPANY)
        await system.ask(SAVE_AUTHENTICATED, token=admin, i={"name": "Grace"})
        await system.ask(SAVE_COMPANY, token=admin, i={"license": "pro"})
        await leave_traces(system, Role.USER, PERSON, COMPANY)
        await leave_traces(system, Role.USER, new_id(), COMPANY)
        await leave_traces(system, Role.USER, OTHER_PERSON, OTHER_COMPANY)
        await leave_traces(system, Role.USER, new_id(), OTHER_COMPANY)
        request = await system.services.database["support_requests"].find_one({"subjectId": PERSON})
        agent = token_of_roles(system, Role.SUPPORT)
        assert (await system.ask(TAKE, token=agent, id=request["_id"])).errors == []
        for token in (agent, system.token(Role.SUPPORT)):  # receipts of granted and of refused openings
            await system.ask(LOOK, token=token)
        yield system


async def read(system: System, *roles: Role) -> set[str]:
    """Return all that a token of these roles reads."""
    found: set[str] = set()
    for text in READS:
        reply = await system.ask(f"{{ {text} }}", token=token_of_roles(system, *roles))
        assert "INTERNAL" not in reply.codes
        found |= set(facts(reply.data))
    return found


@pytest.mark.parametrize(("first", "second"), list(combinations(Role, 2)), ids=lambda role: role.value)
async def test_two_roles_read_what_either_reads(two_companies: System, first: Role, second: Role) -> None:
    """Of every two roles, over people, usage, errors, support requests and receipts of two companies."""
    alone = [await read(two_companies, role) for role in (first, second)]
    assert await read(two_companies, first, second) == alone[0] | alone[1]


async def test_the_roles_do_differ(two_companies: System) -> None:
    """The test above would say nothing about answers that are all the same; analysts and ingest read none of this."""
    found = {role: frozenset(await read(two_companies, role)) for role in Role}
    assert found[Role.ANALYST] == found[Role.INGEST] == frozenset()
    assert len(set(found.values())) == len(Role) - 1


OWN = (Role.USER, Role.COMPANY_ADMIN)
STAFF = (Role.SUPPORT, Role.SUPPORT_LEAD, Role.PRIVACY_OFFICER)
EVENTS_OF = "query($id: ID!) { user(id: $id) { events(first: 9) { nodes { eventId } } } }"


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("staff", STAFF)
async def test_usage_of_ones_own_opens_nobody_elses(system: System, staff: Role, own: Role) -> None:
    """Staff who are customers too need the taken request like any agent; explained and answered alike."""
    await save_people(system)
    await leave_traces(system, Role.USER, PERSON, COMPANY)
    token = token_of_roles(system, staff, own)
    reply = await system.ask(EVENTS_OF, token=token, id=PERSON)
    code = "FORBIDDEN" if staff is Role.PRIVACY_OFFICER else "SUPPORT_REQUEST_REQUIRED"
    assert (reply.data["user"]["events"], reply.codes) == (None, [code])
    document = EVENTS_OF.replace("($id: ID!)", "").replace("$id", f'"{PERSON}"')
    explain = "query($d: String!) { explainAccess(document: $d) { path decision code needs } }"
    explained = (await system.ask(explain, token=token, d=document)).data["explainAccess"]
    (events,) = [row for row in explained if row["path"] == "user.events"]
    assert (events["decision"], events["code"]) == ("REFUSED", code)
    assert events["needs"] == reply.errors[0]["extensions"]["needs"]


@pytest.mark.parametrize("own", OWN)
async def test_usage_of_ones_own_does_not_hide_what_is_taken(two_companies: System, own: Role) -> None:
    """An agent who is a customer too reads their own usage and that of the request that they have taken."""
    found = await read(two_companies, Role.SUPPORT, own)
    assert len([fact for fact in found if fact.startswith("//events/")]) == (2 if own is Role.USER else 3)
    assert {fact.split("/")[2] for fact in found} >= {"own", "mine", "theirs"}
