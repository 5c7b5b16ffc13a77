"""A person's events and error reports hang on the person, for whom they are and nobody else."""

from auth.principal import Role
from tests.harness.people import PERSON, open_and_take, save_people
from tests.harness.system import Reply, System

LOOK = "query($id: ID!) { user(id: $id) { events(first: 5) { nodes { name } } errors(first: 5) { nodes { code } } } }"


async def fill(system: System) -> None:
    """Save people, and let two of them leave an event and an error each."""
    await save_people(system)
    now = system.clock().isoformat()
    for number, role in enumerate((Role.USER, Role.COMPANY_ADMIN)):
        event = {"eventId": str(number), "occurredAt": now, "requestId": "5E872200-F546-4CCD-8F23-AF5F507AA2DD"}
        await system.ask(
            "mutation($e: [EventInput!]!) { recordEvents(events: $e) { accepted } }",
            role,
            e=[{"requestApproved": event}],
        )
        report = {"reportId": str(number), "occurredAt": now, "kind": "OTHER", "code": f"E{number}"}
        await system.ask(
            "mutation($r: [ErrorReportInput!]!) { recordErrors(reports: $r) { accepted } }", role, r=[report]
        )


async def look(system: System, role: Role) -> Reply:
    """Look at the demo person."""
    return await system.ask(LOOK, role, id=PERSON)


async def test_the_person_and_their_admin_see_both(system: System) -> None:
    """Only the person's own, not the admin's."""
    await fill(system)
    for role in (Role.USER, Role.COMPANY_ADMIN):
        reply = await look(system, role)
        assert reply.data["user"] == {
            "events": {"nodes": [{"name": "REQUEST_APPROVED"}]},
            "errors": {"nodes": [{"code": "E0"}]},
        }


async def test_usage_needs_a_taken_request_and_errors_do_not(system: System) -> None:
    """As the table of rights says; the refused list is null beside the other."""
    await fill(system)
    before = await look(system, Role.SUPPORT)
    assert before.data["user"] == {"events": None, "errors": {"nodes": [{"code": "E0"}]}}
    assert before.error_at("user", "events")["extensions"]["code"] == "SUPPORT_REQUEST_REQUIRED"
    await open_and_take(system)
    assert (await look(system, Role.SUPPORT)).data["user"]["events"]["nodes"] == [{"name": "REQUEST_APPROVED"}]


async def test_the_privacy_officer_sees_no_usage(system: System) -> None:
    """FORBIDDEN on the list, the person beside it."""
    await fill(system)
    reply = await look(system, Role.PRIVACY_OFFICER)
    assert reply.data["user"]["events"] is None
    assert reply.error_at("user", "events")["extensions"]["code"] == "FORBIDDEN"
