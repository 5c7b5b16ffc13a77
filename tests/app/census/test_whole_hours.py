"""Nobody who asks again and again sees when a census record came, and so beside whose other calls (P2, P3)."""

from typing import Any

from auth.principal import Role
from tests.app.census.records import make_record, send
from tests.harness.system import System

REPORT = """query ($from: DateTime!, $to: DateTime!) {
  censusReport(from: $from, to: $to, by: []) { hasHidden groups { users } } }"""
HELD = "{ retentionStatus { holdings { collection records newest } } }"


async def shown(system: System) -> tuple[list[Any], Any, dict[str, Any]]:
    """Return what records, report and retention tell of the census."""
    now = system.clock()
    span = {"from": now.replace(hour=0).isoformat(), "to": now.replace(hour=23).isoformat()}
    records = (await system.ask("{ censusRecords(first: 9) { nodes { appName } } }", Role.PRIVACY_OFFICER)).data
    report = (await system.ask(REPORT, Role.ANALYST, **span)).data["censusReport"]
    holdings = (await system.ask(HELD, Role.SUPPORT_LEAD)).data["retentionStatus"]["holdings"]
    (census,) = [holding for holding in holdings if holding["collection"] == "census"]
    return records["censusRecords"]["nodes"], report, census


async def test_records_show_once_their_hour_is_over(system: System) -> None:
    """Within it lists, reports and counts stay as they are, however many come."""
    system.clock.stopped_at = system.clock().replace(hour=12, minute=10)
    before = await shown(system)
    await send(system, *(make_record(system) for _ in range(6)))
    assert await shown(system) == before
    system.clock.move(minutes=49)
    assert await shown(system) == before
    system.clock.move(minutes=1)
    records, report, census = await shown(system)
    assert (len(records), report["groups"], census["records"]) == (6, [{"users": 6}], 6)
    assert census["newest"] is not None
