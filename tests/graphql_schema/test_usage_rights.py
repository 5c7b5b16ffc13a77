"""Whose usage each role reads: users their own requests, admins their company, agents what a taken request opens."""

from datetime import timedelta
from typing import Any

import pytest

from app.errors import AppError, ErrorCode
from app.usage.service import choose_company
from auth.development import DEMO_COMPANY_IDS, DEMO_PEOPLE
from auth.principal import Principal, Role
from auth.rights import Action
from tests.harness.people import COMPANY, PERSON, save_people
from tests.harness.system import System
from tests.harness.usage import created, new_id, send, step, team

DASHBOARD = """query($from: DateTime!, $to: DateTime!, $company: ID) {
  usageDashboard(from: $from, to: $to, interval: WEEK, timeZone: "Europe/Paris", companyId: $company) {
    totals { requestsCreated requestsApproved teamsCreated } templates { requests teams } medianSecondsToApproval } }"""
EVENTS = "{ events(first: 100) { nodes { name } } }"
SAVE = 'mutation { saveCompany(input: { license: "Business" }) { id } }'
OPEN = """mutation($of: ID!) { openSupportRequest(
  input: { reason: "Help", ticket: "T-1", subject: { companyId: $of } }) { id } }"""
TAKE = "mutation($id: ID!) { takeSupportRequest(id: $id) { status } }"


def span(system: System) -> dict[str, Any]:
    """The last two days."""
    now = system.clock()
    return {"from": (now - timedelta(days=2)).isoformat(), "to": (now + timedelta(minutes=1)).isoformat()}


async def fill(system: System) -> None:
    """A request of the demo user, approved by the admin, and one of a colleague."""
    now = system.clock() - timedelta(hours=3)
    mine, other = new_id(), new_id()
    await send(system, [created(now, mine), team(now)], system.token(Role.USER))
    colleague = system.token(Role.USER, new_id(), DEMO_COMPANY_IDS[0])
    await send(system, [created(now, other, 1)], colleague)
    approvals = [step("requestApproved", now + timedelta(hours=1), request) for request in (mine, other)]
    await send(system, approvals, system.token(Role.COMPANY_ADMIN))


async def test_a_user_sees_their_own_requests_and_an_admin_the_company(system: System) -> None:
    """A user's dashboard holds what became of their requests, whoever approved them."""
    await fill(system)
    own = (await system.ask(DASHBOARD, Role.USER, **span(system))).data["usageDashboard"]
    assert own["totals"] == {"requestsCreated": 1, "requestsApproved": 1, "teamsCreated": 1}
    assert own["templates"] == [{"requests": 1, "teams": 1}]
    assert own["medianSecondsToApproval"] == pytest.approx(3600, rel=0.01)
    company = (await system.ask(DASHBOARD, Role.COMPANY_ADMIN, **span(system))).data["usageDashboard"]
    assert company["totals"] == {"requestsCreated": 2, "requestsApproved": 2, "teamsCreated": 1}


async def test_an_agent_sees_a_company_only_with_a_taken_request(system: System) -> None:
    """Without one, a company that exists and one that does not answer alike."""
    await fill(system)
    company = DEMO_COMPANY_IDS[0]
    for asked in (company, "NOBODY"):
        reply = await system.ask(DASHBOARD, Role.SUPPORT, company=asked, **span(system))
        assert reply.codes == ["SUPPORT_REQUEST_REQUIRED"]
    assert (await system.ask(DASHBOARD, Role.SUPPORT, **span(system))).codes == ["BAD_USER_INPUT"]
    assert (await system.ask(EVENTS, Role.SUPPORT)).data["events"]["nodes"] == []
    await system.ask(SAVE, Role.COMPANY_ADMIN)
    opened = await system.ask(OPEN, Role.SUPPORT, of=company)
    await system.ask(TAKE, Role.SUPPORT, id=opened.data["openSupportRequest"]["id"])
    reply = await system.ask(DASHBOARD, Role.SUPPORT, company=company, **span(system))
    assert reply.data["usageDashboard"]["totals"]["requestsCreated"] == 2
    assert len((await system.ask(EVENTS, Role.SUPPORT)).data["events"]["nodes"]) == 5
    other = await system.ask(DASHBOARD, Role.SUPPORT, company=DEMO_COMPANY_IDS[1], **span(system))
    assert other.codes == ["SUPPORT_REQUEST_REQUIRED"]


async def test_what_an_agent_reads_of_usage_is_receipted(system: System) -> None:
    """Before it is read, once an operation; the company's admin sees it. What is read by an own right leaves nothing."""
    await fill(system)
    company, person = COMPANY, PERSON
    await save_people(system)
    opened = await system.ask(OPEN, Role.SUPPORT, of=company)
    await system.ask(TAKE, Role.SUPPORT, id=opened.data["openSupportRequest"]["id"])
    query = f"""query($from: DateTime!, $to: DateTime!, $company: ID!) {{
      one: user(id: "{person}") {{ events(first: 1) {{ nodes {{ name }} }} }}
      two: user(id: "{person}") {{ events(first: 2) {{ nodes {{ name }} }} }}
      usageDashboard(from: $from, to: $to, interval: WEEK, timeZone: "UTC", companyId: $company) {{ asOf }}
      events(first: 3) {{ nodes {{ name }} }} }}"""
    assert (await system.ask(query, Role.SUPPORT, company=company, **span(system))).errors == []
    assert (await system.ask(query, Role.COMPANY_ADMIN, company=company, **span(system))).errors == []
    text = "{ accessReceipts(first: 9) { nodes { role granted fields subjectId companyId supportRequestId } } }"
    receipts = (await system.ask(text, Role.COMPANY_ADMIN)).data["accessReceipts"]["nodes"]
    assert {receipt["supportRequestId"] for receipt in receipts} == {opened.data["openSupportRequest"]["id"]}
    assert sorted((*receipt["fields"], receipt["subjectId"]) for receipt in receipts) == [
        ("Query.events", None),
        ("Query.usageDashboard", None),
        ("User.events", person),
    ]


async def test_a_user_reads_all_that_happened_to_their_own_request(system: System) -> None:
    """Asked by its id, whoever sent it; of a colleague's request only what they sent themselves."""
    now = system.clock() - timedelta(hours=3)
    mine, other = new_id(), new_id()
    colleague = system.token(Role.USER, new_id(), DEMO_COMPANY_IDS[0])
    await send(system, [created(now, mine)], system.token(Role.USER))
    await send(system, [created(now, other), step("requestApproved", now, mine)], colleague)
    await send(system, [step("requestApproved", now, other)], system.token(Role.USER))
    await send(
        system, [step("requestProcessed", now, request) for request in (mine, other)], system.token(Role.COMPANY_ADMIN)
    )
    query = "query($id: UUID!) { events(first: 9, filter: { requestId: $id }) { nodes { name } } }"
    seen = {
        request: {node["name"] for node in (await system.ask(query, Role.USER, id=request)).data["events"]["nodes"]}
        for request in (mine, other)
    }
    assert seen == {mine: {"REQUEST_CREATED", "REQUEST_APPROVED", "REQUEST_PROCESSED"}, other: {"REQUEST_APPROVED"}}


@pytest.mark.parametrize("role", [None, Role.ANALYST, Role.PRIVACY_OFFICER, Role.INGEST])
async def test_other_roles_have_no_dashboard(system: System, role: Role | None) -> None:
    """By the table of rights."""
    assert (await system.ask(DASHBOARD, role, **span(system))).codes == ["FORBIDDEN"]


async def test_a_user_never_sees_what_is_another_users(system: System) -> None:
    """Two people of one company, each with their own demo identity."""
    await fill(system)
    user_id, company_id = DEMO_PEOPLE[Role.USER]
    assert (user_id, company_id) != (None, None)
    stranger = system.token(Role.USER, new_id(), company_id)
    shown = await system.ask(DASHBOARD, token=stranger, **span(system))
    assert shown.data["usageDashboard"]["totals"]["requestsCreated"] == 0
    assert (await system.ask(EVENTS, token=stranger)).data["events"]["nodes"] == []


@pytest.mark.parametrize("role", [Role.USER, Role.COMPANY_ADMIN])
def test_only_a_service_chooses_among_the_companies_of_its_token(role: Role) -> None:
    """A customer's token that lists two companies is of neither; an ingest token of two names one of them."""
    customer = Principal("issuer|somebody", frozenset({role}), "PERSON", frozenset({"A", "B"}))
    service = Principal("issuer|service", frozenset({Role.INGEST}), None, frozenset({"A", "B"}))
    assert choose_company(service, "A", Action.RECORD_EVENTS) == "A"
    for caller, asked in ((customer, "A"), (customer, None), (service, "C")):
        with pytest.raises(AppError) as raised:
            choose_company(caller, asked, Action.RECORD_EVENTS)
        assert raised.value.code is ErrorCode.FORBIDDEN
