"""P13: "This information is subject to change ... check back quarterly" - the notice is data, and records know it."""

from auth.principal import Role
from tests.harness.people import save_people
from tests.harness.system import System

CENSUS = {
    "recordId": "1",
    "appName": "SalesTim Automation",
    "deviceModel": "iPhone",
    "osName": "iPhoneiOS",
    "osVersion": "8.3",
    "userLanguage": "EN-US",
    "userId": "E296D735-4F36-4E18-7C3B-52E1A02A0164",
    "sessionId": "5E872200-F546-4CCD-8F23-AF5F507AA2DD",
}


async def test_the_notice_is_versioned_and_dated(system: System) -> None:
    """The current version, its ISO date, the date as printed, and all versions there are."""
    reply = await system.ask("{ dataPractices { version date lastUpdated isCurrent versions note } }")
    found = reply.data["dataPractices"]
    assert (found["version"], found["date"], found["isCurrent"]) == ("2019-10-09", "2019-10-09", True)
    assert found["lastUpdated"] == "10/9/2019, 10:25:50 AM"
    assert found["version"] in found["versions"]
    assert "check back quarterly" in found["note"]


async def test_an_unknown_version_is_not_found(system: System) -> None:
    """A version that never was."""
    reply = await system.ask('{ dataPractices(version: "1999-01-01") { version } }')
    assert reply.codes == ["NOT_FOUND"]


async def test_each_record_carries_its_version(system: System) -> None:
    """Whatever is stored says under which notice it was collected."""
    now = system.clock().isoformat()
    await save_people(system)
    await system.ask(
        "mutation($r: [CensusInput!]!) { recordCensus(records: $r) { accepted } }", r=[{**CENSUS, "recordedAt": now}]
    )
    event = {"requestApproved": {"eventId": "1", "occurredAt": now, "requestId": CENSUS["userId"]}}
    await system.ask("mutation($e: [EventInput!]!) { recordEvents(events: $e) { accepted } }", Role.USER, e=[event])
    report = {"reportId": "1", "occurredAt": now, "kind": "OTHER"}
    await system.ask("mutation($r: [ErrorReportInput!]!) { recordErrors(reports: $r) { accepted } }", r=[report])
    for name in ("census", "events", "errors", "users", "companies"):
        rows = await system.services.database[name].find({}).to_list(None)
        assert rows, name
        assert {row["practicesVersion"] for row in rows} == {"2019-10-09"}, name
