"""Cuts the demo records into the calls that carry them: by caller and week, never more than a call takes. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.ingest import MAX_ITEMS
from auth.principal import ANONYMOUS, Principal
from scripts.demo_data.census import census_of_day, devices
from scripts.demo_data.companies import COMPANIES, people_of
from scripts.demo_data.error_reports import DemoReport, reports_of_day
from scripts.demo_data.usage import DemoEvent, events_of_day

HISTORY_DAYS = 90
ERROR_DAYS = 14  # whole days that are younger than the 15 of the notice until the next midnight
CENSUS_DAYS = 89  # as above, of 90
WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class DemoBatch:
    """One call: what is sent, by whom, from where, and when it arrives."""

    caller: Principal
    items: Sequence[dict[str, Any]]
    now: datetime
    address: str | None = None


def usage_batches(seed: int, base: datetime) -> list[DemoBatch]:
    """Return the calls with the usage events before `base`, in the order of their arrival."""
    groups: defaultdict[tuple[int, int | None, int], list[DemoEvent]] = defaultdict(list)
    for company in COMPANIES:
        for day in _days(base, HISTORY_DAYS):
            for event in events_of_day(company, day, seed):
                if event.at < base:
                    groups[company.number, event.actor, event.at.toordinal() // WEEK_DAYS].append(event)
    callers = {
        (company.number, person.number): person.principal()
        for company in COMPANIES
        for person in people_of(company, seed)
    }
    services = {company.number: company.service() for company in COMPANIES}
    batches = [
        DemoBatch(services[number] if actor is None else callers[number, actor], [e.item for e in part], part[-1].at)
        for (number, actor, _), events in groups.items()
        for part in _parts(sorted(events, key=lambda event: event.at))
    ]
    return sorted(batches, key=lambda batch: batch.now)


def error_batches(seed: int, base: datetime) -> list[DemoBatch]:
    """Return the calls with the error reports before `base`; each report is sent when it happens."""
    reports = [report for day in _days(base, ERROR_DAYS) for report in reports_of_day(day, seed)]
    return [_error_batch(report) for report in sorted(reports, key=lambda report: report.at) if report.at < base]


def _error_batch(report: DemoReport) -> DemoBatch:
    caller = ANONYMOUS if report.person is None else report.person.principal()
    return DemoBatch(caller, [report.item], report.at, report.address)


def census_batches(seed: int, base: datetime) -> list[DemoBatch]:
    """Return the calls with the census records before `base`, one or more a day, without any caller."""
    known = devices(seed)
    batches = []
    for day in _days(base, CENSUS_DAYS):
        records = sorted(census_of_day(known, day, seed), key=lambda record: record["recordedAt"])
        batches += [DemoBatch(ANONYMOUS, part, part[-1]["recordedAt"]) for part in _parts(records)]
    return batches


def _days(base: datetime, count: int) -> list[Any]:
    return [(base - timedelta(days=back)).date() for back in range(count, 0, -1)]


def _parts(things: Iterable[Any]) -> Iterator[list[Any]]:
    listed = list(things)
    for start in range(0, len(listed), MAX_ITEMS):
        yield listed[start : start + MAX_ITEMS]
