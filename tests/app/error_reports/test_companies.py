"""Reports that a service forwards belong to the company that it names, and hold no address but a reporter's own."""

from auth.development import demo_company_id
from auth.principal import Role
from tests.app.error_reports.reports import make_report
from tests.harness.people import COMPANY, OTHER_COMPANY, SAVE_COMPANY, open_and_take
from tests.harness.system import System

RECORD = """mutation($r: [ErrorReportInput!]!, $c: ID) {
  recordErrors(reports: $r, companyId: $c) { accepted duplicates } }"""
LOOK = "{ errors(first: 5) { nodes { reportId } } }"


async def test_a_service_of_several_companies_chooses_one(system: System) -> None:
    """Its admin then sees the report, and nobody else's does; without a company it is nobody's."""
    for number, company in enumerate([COMPANY, None]):
        reply = await system.ask(RECORD, Role.INGEST, r=[make_report(system, reportId=f"r{number}")], c=company)
        assert reply.data["recordErrors"]["accepted"] == 1
    seen = (await system.ask(LOOK, Role.COMPANY_ADMIN)).data["errors"]["nodes"]
    assert seen == [{"reportId": "r0"}]
    other = system.token(Role.COMPANY_ADMIN, company_id=OTHER_COMPANY)
    assert (await system.ask(LOOK, token=other)).data["errors"]["nodes"] == []
    stored = await system.services.database["errors"].find({}).to_list(None)
    assert {row.get("companyId") for row in stored} == {COMPANY, None}


async def test_a_company_that_is_not_in_the_token_is_refused(system: System) -> None:
    """Nothing is stored, whoever asks."""
    for role, company in [(Role.INGEST, "elsewhere"), (Role.USER, OTHER_COMPANY), (None, COMPANY)]:
        reply = await system.ask(RECORD, role, r=[make_report(system)], c=company)
        assert reply.codes == ["FORBIDDEN"]
        assert reply.errors[0]["extensions"]["field"] == "companyId"
    assert await system.services.database["errors"].count_documents({}) == 0


async def test_the_address_of_a_service_is_not_a_reporters(system: System) -> None:
    """A person's own report holds theirs, sealed; what a service forwards holds none."""
    await system.ask(RECORD, Role.USER, r=[make_report(system, reportId="own")])
    await system.ask(RECORD, Role.INGEST, r=[make_report(system, reportId="forwarded")], c=demo_company_id(0))
    await open_and_take(system, companyId=COMPANY)
    reply = await system.ask("{ errors(first: 5) { nodes { reportId ipAddress } } }", Role.SUPPORT)
    told = {node["reportId"]: node["ipAddress"] is not None for node in reply.data["errors"]["nodes"]}
    assert told == {"own": True, "forwarded": False}


async def test_what_is_scrubbed_does_not_depend_on_the_company_named(system: System) -> None:
    """A report of one company may name the tenant of another that the service reports for."""
    tenant = "7B872200-F546-4CCD-8F23-AF5F507AA2DD"
    admin = system.token(Role.COMPANY_ADMIN, company_id=OTHER_COMPANY)
    assert (await system.ask(SAVE_COMPANY, token=admin, i={"msTenantId": tenant})).errors == []
    report = make_report(system, message=f"no route for {tenant} today")
    assert (await system.ask(RECORD, Role.INGEST, r=[report], c=COMPANY)).errors == []
    (node,) = (await system.ask("{ errors(first: 5) { nodes { message } } }", Role.SUPPORT)).data["errors"]["nodes"]
    assert tenant not in node["message"]
    assert node["message"].startswith("no route for [")
