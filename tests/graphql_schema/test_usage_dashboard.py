"""The dashboard equals, number by number, what plain Python counts from the raw events."""

import csv
import io
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from auth.principal import Role
from tests.harness.system import System
from tests.harness.usage import send, stories

ZONES = ("UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
INTERVALS = {"HOUR": 40, "DAY": 190, "WEEK": 200, "MONTH": 400}  # days back
NAMES = {
    "REQUEST_CREATED": "requestsCreated",
    "REQUEST_APPROVED": "requestsApproved",
    "REQUEST_REJECTED": "requestsRejected",
    "REQUEST_PROCESSED": "requestsProcessed",
    "REQUEST_ERROR": "requestErrors",
    "TEAM_CREATED": "teamsCreated",
}
NUMBERS = " ".join(NAMES.values())
DASHBOARD = f"""query($from: DateTime!, $to: DateTime!, $interval: Interval!, $zone: TimeZone!, $company: ID) {{
  usageDashboard(from: $from, to: $to, interval: $interval, timeZone: $zone, companyId: $company) {{
    start end totals {{ {NUMBERS} }} previous {{ {NUMBERS} }} series {{ start end {NUMBERS} }} csv asOf approvalRate
    funnel {{ event count share }} templates(first: 100) {{ templateId templateName requests teams }}
    medianSecondsToApproval p90SecondsToApproval medianSecondsToProcess p90SecondsToProcess }} }}"""
Event = Mapping[str, Any]


def changes_of_clock(zone: str, before: datetime) -> Iterator[datetime]:
    """The moments of the last year at which the zone's clock changed, the latest first."""
    hours = [before.replace(minute=0, second=0, microsecond=0) - timedelta(hours=number) for number in range(24 * 365)]
    for hour in hours:
        if (
            hour.astimezone(ZoneInfo(zone)).utcoffset()
            != (hour - timedelta(hours=1)).astimezone(ZoneInfo(zone)).utcoffset()
        ):
            yield hour


@pytest.fixture(scope="module")
def source() -> random.Random:
    """Chance, the same in each run."""
    return random.Random(4)  # noqa: S311 - chance for a test


async def fill(system: System, source: random.Random) -> list[Event]:
    """Send events around each change of the Paris clock and up to now; return what is stored, raw."""
    today = system.clock()
    for moment in [*(change + timedelta(days=4) for change in changes_of_clock("Europe/Paris", today)), today]:
        system.clock.shift += min(moment, today) - system.clock()
        now = system.clock()
        await send(system, stories(source, 250, now - timedelta(days=30), now), system.token(Role.COMPANY_ADMIN))
    rows: list[Event] = await system.services.database["events"].find({}).to_list(None)
    return rows


def count(events: Sequence[Event], start: datetime, end: datetime) -> dict[str, int]:
    """The six numbers of a range."""
    found = Counter(event["name"] for event in events if start <= event["occurredAt"] < end)
    return {field: found[name] for name, field in NAMES.items()}


def label(moment: datetime, interval: str, zone: str) -> object:
    """What tells a local hour, day, week or month from the others."""
    local = moment.astimezone(ZoneInfo(zone))
    match interval:
        case "HOUR":
            return local.date(), local.hour, local.utcoffset() if zone != "Australia/Lord_Howe" else None
        case "DAY":
            return local.date()
        case "WEEK":
            return local.isocalendar()[:2]
    return local.year, local.month


def waits(events: Sequence[Event], name: str, start: datetime, end: datetime) -> list[float]:
    """Seconds from creation to a step that lies in the range."""
    first: dict[str, dict[str, datetime]] = defaultdict(dict)
    for event in events:
        if "requestId" in event:
            times = first[event["requestId"]]
            times[event["name"]] = min(times.get(event["name"], event["occurredAt"]), event["occurredAt"])
    pairs = [(times.get("REQUEST_CREATED"), times.get(name)) for times in first.values()]
    return sorted((b - a).total_seconds() for a, b in pairs if a and b and b >= a and start <= b < end)


def percentile(values: Sequence[float], share: float) -> float:
    """The usual percentile, in proportion between two ranks."""
    rank = share * (len(values) - 1)
    low = int(rank)
    return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (rank - low)


async def test_dashboard_equals_a_count_of_the_raw_events_in_five_zones_and_four_intervals(
    system: System, source: random.Random
) -> None:
    """Every number of every period, for zones of whole, half and quarter hours, across changes of the clock."""
    events = await fill(system, source)
    to = system.clock().replace(second=0, microsecond=0) + timedelta(days=1)
    to = to.replace(minute=to.minute // 15 * 15)
    for zone in ZONES:
        for interval, days in INTERVALS.items():
            start = to - timedelta(days=days, minutes=15)
            await check_dashboard(system, events, (start, to), interval, zone)


async def check_dashboard(
    system: System, events: Sequence[Event], span: tuple[datetime, datetime], interval: str, zone: str
) -> None:
    """Ask for one dashboard and compare all of it."""
    start, to = span
    variables = {"from": start.isoformat(), "to": to.isoformat(), "interval": interval, "zone": zone}
    reply = await system.ask(DASHBOARD, Role.COMPANY_ADMIN, **variables)
    shown = reply.data["usageDashboard"]
    assert shown["totals"] == count(events, start, to)
    assert shown["previous"] == count(events, start - (to - start), start)
    check_series(events, shown["series"], (start, to), interval, zone)
    rows = list(csv.DictReader(io.StringIO(shown["csv"])))
    local = [datetime.fromisoformat(row["start"]) for row in rows]
    assert local == [datetime.fromisoformat(point["start"]) for point in shown["series"]]
    assert [moment.utcoffset() for moment in local] == [
        moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in local
    ]
    assert [{key: int(row[key]) for key in NAMES.values()} for row in rows] == [
        {key: point[key] for key in NAMES.values()} for point in shown["series"]
    ]
    for name, field in (("REQUEST_APPROVED", "Approval"), ("REQUEST_PROCESSED", "Process")):
        exact = waits(events, name, start, to)
        assert shown[f"medianSecondsTo{field}"] == pytest.approx(statistics.median(exact), rel=0.0101)
        assert shown[f"p90SecondsTo{field}"] == pytest.approx(percentile(exact, 0.9), rel=0.0101)
    assert {row["templateId"]: (row["requests"], row["teams"]) for row in shown["templates"]} == templates(
        events, start, to
    )


def check_series(
    events: Sequence[Event], series: Sequence[Any], span: tuple[datetime, datetime], interval: str, zone: str
) -> None:
    """Each period holds what its label collects, and no label comes twice or is missing."""
    by_label: dict[object, list[Event]] = defaultdict(list)
    for event in events:
        if span[0] <= event["occurredAt"] < span[1]:
            by_label[label(event["occurredAt"], interval, zone)].append(event)
    far = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
    labels = [label(datetime.fromisoformat(point["start"]), interval, zone) for point in series]
    assert len(set(labels)) == len(labels)
    assert set(by_label) <= set(labels)
    for point, name in zip(series, labels, strict=True):
        assert {key: point[key] for key in NAMES.values()} == count(by_label[name], *far), (zone, interval, point)
    assert all(before["end"] == after["start"] for before, after in pairwise(series))


def templates(events: Sequence[Event], start: datetime, to: datetime) -> dict[str, tuple[int, int]]:
    """Requests and teams of each template in the range."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        if "templateId" in event and start <= event["occurredAt"] < to:
            found[event["templateId"]][event["name"]] += 1
    return {key: (names["REQUEST_CREATED"], names["TEAM_CREATED"]) for key, names in found.items()}
