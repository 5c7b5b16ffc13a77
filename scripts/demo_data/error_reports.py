"""The error reports of the demo data: who met which failure, on what device and network (P10). Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from scripts.demo_data.census import DEVICE_TYPES
from scripts.demo_data.chance import chance, new_uuid, pick_count, pick_delay_seconds, pick_weighted
from scripts.demo_data.companies import COMPANIES, DemoPerson, people_of
from scripts.demo_data.failures import FAILURES, INCIDENT, Failure
from scripts.demo_data.profiles import VERSIONS
from scripts.demo_data.usage import WEEK

REPORTS_PER_PERSON = 0.3  # a workday
NOT_SIGNED_IN = 0.25  # of the sign-in failures: told without a token
INCIDENT_EVERY_DAYS = 9
INCIDENT_SHARE = 0.45  # of the people
NETWORKS = {"wifi": 6.0, "ethernet": 3.0, "cellular": 2.0}
ADDRESS_BLOCKS = ("203.0.113", "198.51.100", "192.0.2")  # kept free for examples, RFC 5737


@dataclass(frozen=True, slots=True)
class DemoReport:
    """One report: when, whose (None: no token), from which address, and the `ErrorReportInput`."""

    at: datetime
    person: DemoPerson | None
    address: str
    item: dict[str, Any]


def reports_of_day(day: date, seed: int) -> Iterator[DemoReport]:
    """Give the reports of one day of all companies."""
    has_incident = day.toordinal() % INCIDENT_EVERY_DAYS == 0
    for company in COMPANIES:
        source = chance(seed, "errors", company.number, day.toordinal())
        for person in people_of(company, seed):
            for _ in range(pick_count(source, REPORTS_PER_PERSON * WEEK[day.weekday()])):
                yield _report(source, person, pick_weighted(source, FAILURES), day)
            if has_incident and source.random() < INCIDENT_SHARE * WEEK[day.weekday()]:
                yield _report(source, person, INCIDENT, day)


def _report(source: Random, person: DemoPerson, failure: Failure, day: date) -> DemoReport:
    hour = min(max(source.gauss(13, 2.5) - person.company.hours_from_utc, 0.0), 23.9)
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=round(hour * 3_600))
    reporter = None if failure.kind == "SIGN_IN" and source.random() < NOT_SIGNED_IN else person
    address = f"{ADDRESS_BLOCKS[person.company.number % len(ADDRESS_BLOCKS)]}.{1 + person.number}"
    item: dict[str, Any] = {
        "reportId": new_uuid(source),
        "occurredAt": at,
        "kind": failure.kind,
        "device": _device(source, person),
        "sessionId": new_uuid(source),
        **{name: text for name, text in (("code", failure.code), ("message", failure.message)) if text},
    }
    if failure.exception:
        trace = {"type": failure.exception, "message": failure.message, "stackTrace": failure.stack_trace}
        item["exception"] = trace
    if failure.log:
        item["log"] = list(failure.log)
    if failure.kind in ("NETWORK", "PERFORMANCE"):
        item["network"] = _network(source)
    if failure.operation:
        item["performance"] = _performance(source, failure.operation)
    return DemoReport(at, reporter, address, item)


def _device(source: Random, person: DemoPerson) -> dict[str, Any]:
    kind = pick_weighted(chance("device of", person.company.number, person.number), DEVICE_TYPES)
    return {
        "model": kind.model,
        "osName": kind.os_name,
        "osVersion": kind.os_versions[-1],
        "appVersion": pick_weighted(source, VERSIONS),
        "language": person.company.locale,
        "memoryMb": source.choice((4_096, 8_192, 16_384, 32_768)),
    }


def _network(source: Random) -> dict[str, Any]:
    return {
        "connection": pick_weighted(source, NETWORKS),
        "effectiveType": source.choice(("4g", "4g", "3g")),
        "downlinkMbps": round(source.uniform(0.3, 60), 1),
        "roundTripMs": round(pick_delay_seconds(source, 90, 0.7), 1),
        "online": True,
    }


def _performance(source: Random, operation: str) -> dict[str, Any]:
    duration_ms = round(pick_delay_seconds(source, 4_200, 0.6), 1)
    return {
        "operation": operation,
        "durationMs": duration_ms,
        "succeeded": duration_ms < 15_000,  # noqa: PLR2004 - the app's own limit
        "retries": source.choice((0, 0, 0, 1, 2)),
    }
