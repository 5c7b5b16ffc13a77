"""What the demo companies did with their requests: the six events of the notice over time (P4). Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from app.usage.model import EventName
from scripts.demo_data.chance import chance, new_uuid, pick_count, pick_delay_seconds, pick_frequent, pick_weighted
from scripts.demo_data.companies import DemoCompany

# Monday to Sunday: quiet weekends, most is asked for on Tuesdays and Wednesdays.
WEEK = (1.0, 1.22, 1.18, 1.05, 0.78, 0.06, 0.04)
PEAK_HOURS = {9.8: 5.0, 14.6: 4.0, 17.2: 1.0}
NEVER_DECIDED = 0.03
PROCESSING_FAILS = 0.035
MENDED_LATER = 0.6
MAX_EXTRA_MEMBERS = 120

# Used everywhere; the last two only by few companies, so that anonymous usage has groups that it must hide.
TEMPLATES = {
    "Project": 30.0, "Customer": 22.0, "Department": 11.0, "Event": 8.0, "Product Launch": 7.0, "Onboarding": 6.0,
    "Board": 2.0, "Crisis Room": 1.0,
}  # fmt: skip
RARE_TEMPLATES = {"Board": (0, 1), "Crisis Room": (2,)}
TEAM_WORDS = (
    "Aurora", "Baltic", "Cedar", "Delta", "Evergreen", "Fjord", "Granite", "Horizon", "Indigo", "Juniper", "Kestrel",
    "Lighthouse", "Meridian", "Nimbus", "Orchid", "Pioneer", "Quartz", "Riviera", "Summit", "Tundra", "Vega", "Willow",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoEvent:
    """One event: when, by whom (None: the provisioning service), and the `EventInput`."""

    at: datetime
    actor: int | None
    item: dict[str, dict[str, Any]]


def events_of_day(company: DemoCompany, day: date, seed: int) -> Iterator[DemoEvent]:
    """Give all events of the requests that were created on a day; later steps may lie on later days."""
    source = chance(seed, "usage", company.number, day.toordinal())
    mean = company.requests_per_workday * WEEK[day.weekday()]
    for _ in range(pick_count(source, mean)):
        yield from _request(company, _moment(source, company, day), source)


def template_id(name: str) -> str:
    """Return the id of a template of the vendor's library."""
    return new_uuid(chance("template", name))


def _moment(source: Random, company: DemoCompany, day: date) -> datetime:
    hour = source.gauss(pick_weighted(source, PEAK_HOURS), 1.1) - company.hours_from_utc
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=min(max(hour, 0.0), 23.9))


def _request(company: DemoCompany, created: datetime, source: Random) -> Iterator[DemoEvent]:
    request = {"requestId": new_uuid(source)}
    team = _team(company, source)
    people = {
        "additionalMembers": min(int(pick_delay_seconds(source, 4, 1.0)), MAX_EXTRA_MEMBERS),
        "additionalOwners": pick_count(source, 0.8),
    }
    yield _event(source, EventName.REQUEST_CREATED, created, _requester(company, source), {**request, **team, **people})
    if source.random() < NEVER_DECIDED:
        return
    median_seconds = company.median_hours_to_approval * 3_600
    decided = created + timedelta(seconds=pick_delay_seconds(source, median_seconds, 1.3))
    approver = pick_frequent(source, company.approvers)
    if source.random() > company.approval_rate:
        yield _event(source, EventName.REQUEST_REJECTED, decided, approver, request)
        return
    yield _event(source, EventName.REQUEST_APPROVED, decided, approver, request)
    yield from _provisioning(decided, request, team, source)


def _provisioning(
    approved: datetime, request: dict[str, Any], team: dict[str, Any], source: Random
) -> Iterator[DemoEvent]:
    done = approved + timedelta(seconds=pick_delay_seconds(source, 95, 0.8))
    if source.random() < PROCESSING_FAILS:
        yield _event(source, EventName.REQUEST_ERROR, done, None, request)
        if source.random() > MENDED_LATER:
            return
        done += timedelta(seconds=pick_delay_seconds(source, 2_400, 0.9))
    yield _event(source, EventName.REQUEST_PROCESSED, done, None, request)
    created = done + timedelta(seconds=source.uniform(1, 25))
    yield _event(source, EventName.TEAM_CREATED, created, None, {"teamId": new_uuid(source), **team})


def _requester(company: DemoCompany, source: Random) -> int:
    """Draw who asks: mostly few people, and the admin seldom."""
    return 0 if company.people == 1 else 1 + pick_frequent(source, company.people - 1)


def _team(company: DemoCompany, source: Random) -> dict[str, Any]:
    offered = {
        name: weight for name, weight in TEMPLATES.items() if company.number in RARE_TEMPLATES.get(name, range(8))
    }
    template = pick_weighted(source, offered)
    name = f"{template} {source.choice(TEAM_WORDS)} {source.randrange(1, 100)}"
    return {"teamName": name, "templateId": template_id(template), "templateName": template}


def _event(source: Random, name: EventName, at: datetime, actor: int | None, fields: dict[str, Any]) -> DemoEvent:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    return DemoEvent(at, actor, {name.input_field: {"eventId": new_uuid(source), "occurredAt": at, **fields}})
