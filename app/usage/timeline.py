"""What the events of one request tell: the time of each step, the status, how long it waited, what is odd. Pure.

All of it follows from the set of events. The time of a step is the earliest that any event tells, so the order in which
events arrive makes no difference. Impossible orders are named, not hidden.

A request is its creator's: of whoever sent the `request_created` that the server received first. No later event makes
its sender a member, whatever it says; the server's clock decides, since a sender chooses `occurredAt`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from app.usage.model import EventName

Document = Mapping[str, Any]
Times = Mapping[str, datetime]  # by the field of `TIME_FIELDS`


NOTHING: Times = MappingProxyType({})
NEWEST = 1_000_000  # the `ordinal` of the newest of the events that have no number of their own; see `numbering.py`


class RequestStatus(StrEnum):
    """Where a provisioning request stands: the latest step that any event tells of."""

    CREATED = "CREATED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    PROCESSED = "PROCESSED"
    FAILED = "FAILED"


class RequestAnomaly(StrEnum):
    """What cannot be in a request whose events are complete and whose clocks are right."""

    NEVER_CREATED = "NEVER_CREATED"
    DECIDED_BEFORE_CREATED = "DECIDED_BEFORE_CREATED"
    PROCESSED_BEFORE_CREATED = "PROCESSED_BEFORE_CREATED"
    PROCESSED_NEVER_APPROVED = "PROCESSED_NEVER_APPROVED"
    PROCESSED_BEFORE_APPROVED = "PROCESSED_BEFORE_APPROVED"
    APPROVED_AND_REJECTED = "APPROVED_AND_REJECTED"


class Step(StrEnum):
    """A wait that dashboards tell of: from creation to this."""

    APPROVAL = "approval"
    PROCESSING = "processing"


class Wait(NamedTuple):
    """One wait that ended."""

    step: Step
    ended_at: datetime
    seconds: float


TIME_FIELDS: Mapping[str, str] = {
    EventName.REQUEST_CREATED: "createdAt",
    EventName.REQUEST_APPROVED: "approvedAt",
    EventName.REQUEST_REJECTED: "rejectedAt",
    EventName.REQUEST_PROCESSED: "processedAt",
    EventName.REQUEST_ERROR: "failedAt",
}
_STATUS_OF = {
    "createdAt": RequestStatus.CREATED,
    "approvedAt": RequestStatus.APPROVED,
    "rejectedAt": RequestStatus.REJECTED,
    "processedAt": RequestStatus.PROCESSED,
    "failedAt": RequestStatus.FAILED,
}
STEPS = tuple(_STATUS_OF)  # of two steps at the same time the later one here counts
_WAIT_FIELDS = {Step.APPROVAL: "approvedAt", Step.PROCESSING: "processedAt"}


def times_of(events: Iterable[Document], before: Times = NOTHING) -> Times:
    """Return the time of each step that the events of a request tell of, and what was told `before` them.

    One that carries no number of its own tells only what was told before it.
    """
    times = dict(before)
    for event in events:
        ordinal = event.get("ordinal", 0)
        if type(ordinal) is int and ordinal != NEWEST:
            _take(times, TIME_FIELDS[event["name"]], event["occurredAt"])
        if "told" in event:
            for field, moment in event["told"].items():
                _take(times, field, moment)
    return times


def _take(times: dict[str, datetime], field: str, moment: datetime) -> None:
    if field not in times or moment < times[field]:
        times[field] = moment


def creators_of(events: Iterable[Document]) -> list[str]:
    """Return the sender of the creation received first: nobody if it names nobody; all, if at the same millisecond.

    Where each creation was told of another before it, the first has expired, and no later one takes its place.
    """
    creations = [event for event in events if event["name"] == EventName.REQUEST_CREATED]
    if all("createdAt" in event.get("told", NOTHING) for event in creations):
        return []
    first = min(event["receivedAt"] for event in creations)
    senders = {event.get("userId") for event in creations if event["receivedAt"] == first}
    return sorted(sender for sender in senders if sender)


def status_of(times: Times) -> RequestStatus:
    """Return the status of a request of which at least one step is told."""
    told = [field for field in STEPS if field in times]
    return _STATUS_OF[max(told, key=lambda field: (times[field], STEPS.index(field)))]


def waits_of(times: Times) -> list[Wait]:
    """Return the waits of a request; one that would be negative is an anomaly, not a wait."""
    created = times.get("createdAt")
    if created is None or len(times) == 1:
        return []
    waits = []
    for step, field in _WAIT_FIELDS.items():
        ended = times.get(field)
        if ended is not None and ended >= created:
            waits.append(Wait(step, ended, (ended - created).total_seconds()))
    return waits


def anomalies_of(times: Times) -> list[RequestAnomaly]:
    """Return what is odd about a request, in the order of `RequestAnomaly`."""
    created, approved, rejected, processed = (
        times.get(field) for field in ("createdAt", "approvedAt", "rejectedAt", "processedAt")
    )
    decided = min((moment for moment in (approved, rejected) if moment), default=None)
    found = {
        RequestAnomaly.NEVER_CREATED: created is None,
        RequestAnomaly.DECIDED_BEFORE_CREATED: _before(decided, created),
        RequestAnomaly.PROCESSED_BEFORE_CREATED: _before(processed, created),
        RequestAnomaly.PROCESSED_NEVER_APPROVED: processed is not None and approved is None,
        RequestAnomaly.PROCESSED_BEFORE_APPROVED: _before(processed, approved),
        RequestAnomaly.APPROVED_AND_REJECTED: approved is not None and rejected is not None,
    }
    return [anomaly for anomaly, is_so in found.items() if is_so]


def _before(first: datetime | None, second: datetime | None) -> bool:
    return first is not None and second is not None and first < second


def show_request(events: Sequence[Document]) -> dict[str, Any]:
    """Return a request as it is served, by its events in the order of their times; at least one."""
    times = times_of(events)
    shown = {"requestId": events[0]["requestId"], "status": status_of(times), "anomalies": anomalies_of(times)}
    return {**shown, **dict.fromkeys(STEPS), **times, "timeline": list(events)}
