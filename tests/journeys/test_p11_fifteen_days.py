"""P11: traces and logs are not stored permanently and are erased after 15 days, whatever the client says."""

from datetime import datetime, timedelta

import pytest

from app.settings import Settings
from auth.principal import Role
from tests.app.error_reports.reports import ERRORS, make_report, send
from tests.harness.system import System

GROUPS = "{ errorGroups(first: 10) { nodes { id count title } } }"
COUNTS = "query ($from: DateTime!, $to: DateTime!) { errorCounts(from: $from, to: $to) { kind count } }"


async def test_fifteen_days_from_arrival_and_then_only_counts_remain(system: System) -> None:
    """The report is there on day 14, gone with its group on day 15, and its day's count stays."""
    began = system.clock()
    await send(system, make_report(system, occurredAt=(began - timedelta(days=6)).isoformat()), role=Role.USER)
    report = (await system.ask(ERRORS, Role.USER)).data["errors"]["nodes"][0]
    erased_at = datetime.fromisoformat(report["erasedAt"])
    assert timedelta(0) <= erased_at - began - timedelta(days=15) < timedelta(minutes=1)
    system.clock.move(days=14, hours=23)
    assert len((await system.ask(ERRORS, Role.USER)).data["errors"]["nodes"]) == 1
    system.clock.move(hours=2)
    for role in (Role.USER, Role.COMPANY_ADMIN, Role.SUPPORT, Role.PRIVACY_OFFICER):
        assert (await system.ask(ERRORS, role)).data["errors"]["nodes"] == []
        assert (await system.ask(GROUPS, role)).data["errorGroups"]["nodes"] == []
    span = {"from": began.isoformat(), "to": system.clock().isoformat()}
    counts = (await system.ask(COUNTS, Role.ANALYST, **span)).data["errorCounts"]
    assert counts == [{"kind": "EXCEPTION", "count": 1}]


@pytest.mark.parametrize("days", [-8, 1])
async def test_a_client_cannot_lengthen_a_life(system: System, days: int) -> None:
    """Times that are not near the server's are refused; the life runs from the server's own time."""
    moment = (system.clock() + timedelta(days=days)).isoformat()
    result = (await send(system, make_report(system, occurredAt=moment), role=Role.USER)).data["recordErrors"]
    assert (result["accepted"], result["rejected"][0]["field"]) == (0, "occurredAt")


@pytest.mark.parametrize("days", [15.1, 16, 365])
def test_an_operator_cannot_lengthen_it_either(days: float) -> None:
    """The notice allows 15 days at most."""
    with pytest.raises(ValueError, match="less than or equal to 15"):
        Settings(error_retention_days=days)


async def test_a_group_lives_on_with_each_new_report(system: System) -> None:
    """It dies 15 days after its last report, not after its first."""
    for _ in range(2):
        await send(system, make_report(system), role=Role.USER)
        system.clock.move(days=10)
    (group,) = (await system.ask(GROUPS, Role.SUPPORT)).data["errorGroups"]["nodes"]
    assert group["count"] == 2
