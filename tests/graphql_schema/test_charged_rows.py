"""Rows that no page size bounds are charged too: many aliases of a long answer are refused, ordinary use is not."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.database.embedded import EmbeddedMongod
from auth.principal import Role
from graphql_schema.limits import LIMITS
from tests.graphql_schema.test_usage_dashboard import DASHBOARD, NUMBERS
from tests.harness.system import Reply, System, running_system
from tests.harness.usage import created, new_id, send, step

START = datetime(2025, 1, 1, tzinfo=UTC)
SPAN = 'from: "{start}", to: "{end}"'
TIMELINE = """request(requestId: $id) { status anomalies timeline { id eventId name occurredAt receivedAt
  ... on RequestCreated { requestId teamName templateName } ... on RequestApproved { requestId } } }"""


@pytest.fixture(scope="module")
async def shared(mongod: EmbeddedMongod, data_folder: Path) -> AsyncIterator[System]:
    """A running system that these tests share."""
    async with running_system(mongod.uri, data_folder) as started:
        yield started


def repeat(field: str, times: int, head: str = "query") -> str:
    """Return an operation that asks the same field many times."""
    return f"{head} {{ {' '.join(f'a{number}: {field}' for number in range(times))} }}"


def ranged(field: str, days: int, arguments: str, selection: str) -> str:
    """Return a field over so many days."""
    span = SPAN.format(start=START.isoformat(), end=(START + timedelta(days=days)).isoformat())
    return f"{field}({span}, {arguments}) {{ {selection} }}"


def dashboard(selection: str, interval: str = "HOUR", days: int = 82) -> str:
    """Return a dashboard; 82 days have 1 968 hours."""
    return ranged("usageDashboard", days, f'interval: {interval}, timeZone: "UTC"', selection)


def refusals(reply: Reply) -> list[list[object]]:
    """Return the paths of what was refused, each by limit, number and maximum."""
    for details in (error["extensions"] for error in reply.errors):
        assert (details["code"], details["limit"], details["maximum"]) == ("TOO_COMPLEX", "cost points", LIMITS.cost)
        assert details["actual"] > LIMITS.cost
    return [error["path"] for error in reply.errors]


@pytest.mark.parametrize(
    ("field", "role", "rows"),
    [
        (dashboard(f"series {{ start end {NUMBERS} }}"), Role.USER, 1_968),
        (dashboard("csv"), Role.COMPANY_ADMIN, 1_968),
        (dashboard("asOf"), Role.COMPANY_ADMIN, 1_968),
        (dashboard("csv one: csv ... on UsageDashboard { two: csv }", days=41), Role.COMPANY_ADMIN, 3 * 984),
        (ranged("anonymousUsage", 762, "interval: DAY", "periods { groups { event count } }"), Role.ANALYST, 762),
        (ranged("errorCounts", 400, "", "day kind count"), Role.ANALYST, 5 * 400),
        (ranged("censusReport", 90, "by: [OS_NAME, OS_VERSION]", "groups { values users }"), Role.ANALYST, 500),
    ],
    ids=["series", "csv", "no list", "csv three times", "anonymousUsage", "errorCounts", "censusReport"],
)
async def test_many_long_answers_in_one_operation_are_refused(
    shared: System, field: str, role: Role, rows: int
) -> None:
    """Each period, line, count and group costs a point before it is read; what the points pay for is served."""
    assert refusals(await shared.ask(repeat(field, LIMITS.cost // rows + 1), role))
    assert (await shared.ask(repeat(field, LIMITS.cost * 4 // 5 // rows), role)).errors == []


async def test_error_performance_is_read_a_few_times_only(shared: System) -> None:
    """Each use reads all sketches of the range, however few fields are selected."""
    field = ranged("errorPerformance", 7, "", "operations { count }")
    (error,) = (await shared.ask(repeat(field, 6), Role.ANALYST)).errors
    assert (error["extensions"]["code"], error["extensions"]["maximum"]) == ("TOO_COMPLEX", 5)
    assert (await shared.ask(repeat(field, 5), Role.ANALYST)).errors == []


async def test_ranges_in_variables_are_charged_as_literals_are(shared: System) -> None:
    """Hiding a range in variables changes nothing."""
    body = "usageDashboard(from: $from, to: $to, interval: $step, timeZone: $zone) { csv }"
    head = "query($from: DateTime!, $to: DateTime!, $step: Interval!, $zone: TimeZone!)"
    span = {"from": START.isoformat(), "to": (START + timedelta(days=82)).isoformat()}
    reply = await shared.ask(repeat(body, 20, head), Role.USER, step="HOUR", zone="UTC", **span)
    assert refusals(reply) == refusals(await shared.ask(repeat(dashboard("csv"), 20), Role.USER))


@pytest.mark.parametrize(("interval", "days"), [("DAY", 762), ("HOUR", 30), ("HOUR", 82), ("MONTH", 762)])
async def test_one_dashboard_with_all_of_its_fields_is_served(shared: System, interval: str, days: int) -> None:
    """25 months by day, 30 days by hour: series, CSV and all else in one operation."""
    end = (START + timedelta(days=days)).isoformat()
    variables = {"from": START.isoformat(), "to": end, "interval": interval, "zone": "Europe/Paris"}
    reply = await shared.ask(DASHBOARD, Role.COMPANY_ADMIN, **variables)
    assert reply.errors == []
    assert reply.data["usageDashboard"]["csv"].count("\n") == len(reply.data["usageDashboard"]["series"]) + 1


async def test_a_page_of_monthly_dashboards_is_served(shared: System) -> None:
    """Twenty dashboards of 30 days, with series and CSV."""
    reply = await shared.ask(repeat(dashboard(f"csv series {{ start {NUMBERS} }}", "DAY", 30), 20), Role.USER)
    assert reply.errors == []


async def test_a_timeline_of_a_thousand_events_is_served_but_not_twenty_of_them(system: System) -> None:
    """What a request has had is counted before it is read; many short timelines cost little."""
    now, long, short = system.clock(), new_id(), new_id()
    await send(system, [step("requestApproved", now, long) for _ in range(1_001)], system.token(Role.USER), 500)
    await send(system, [created(now, short)], system.token(Role.USER))
    one = await system.ask(f"query($id: UUID!) {{ {TIMELINE} }}", Role.USER, id=long)
    assert (one.errors, len(one.data["request"]["timeline"])) == ([], 1_000)
    reply = await system.ask(repeat(TIMELINE, 20, "query($id: UUID!)"), Role.USER, id=long)
    assert 15 < len(refusals(reply)) < 20
    assert (await system.ask(repeat(TIMELINE, 20, "query($id: UUID!)"), Role.USER, id=short)).errors == []
