"""What the events of one request tell: the time of each step, the status, how long it waited, what is odd. Pure.

The time of a step is the earliest that any event tells, so the order in which events arrive makes no difference.
Impossible orders are named, not hidden.

A request is its creator's: of whoever sent the `request_created` that the server received first. No later event makes
its sender a member, whatever it says; the server's clock decides, since a sender chooses `occurredAt`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.usage.model import EventName, request_key

Document = Mapping[str, Any]


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


@dataclass(frozen=True, slots=True)
class Wait:
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


def fold_request(known: Document, events: Iterable[Document]) -> dict[str, Any]:
    """Return what is stored of a request: `known` (may be empty) with what the events add, in any order."""
    folded: dict[str, Any] = {"userIds": [], **known}
    for event in events:
        if "_id" not in folded:
            folded["companyId"], folded["requestId"] = event["companyId"], event["requestId"]
            folded["_id"] = request_key(event["companyId"], event["requestId"])
        field, moment, received = TIME_FIELDS[event["name"]], event["occurredAt"], event["receivedAt"]
        folded[field] = min(folded.get(field, moment), moment)
        folded["lastReceivedAt"] = max(folded.get("lastReceivedAt", received), received)
        if field == "createdAt":
            _fold_creator(folded, event)
    return folded


def _fold_creator(folded: dict[str, Any], event: Document) -> None:
    """Note the sender of the creation received first: nobody if it names nobody; all, if at the same millisecond."""
    first, received = folded.get("creationReceivedAt"), event["receivedAt"]
    if first is not None and received > first:
        return
    senders = [event["userId"]] if event.get("userId") else []
    if received == first:
        senders = sorted({*folded["userIds"], *senders})
    folded["creationReceivedAt"], folded["userIds"] = received, senders


def status_of(request: Document) -> RequestStatus:
    """Return the status of a stored request."""
    told = [field for field in STEPS if request.get(field)]
    return _STATUS_OF[max(told, key=lambda field: (request[field], STEPS.index(field)))]


def waits_of(request: Document) -> list[Wait]:
    """Return the waits of a stored request; one that would be negative is an anomaly, not a wait."""
    created = request.get("createdAt")
    waits = []
    for step, field in _WAIT_FIELDS.items():
        ended = request.get(field)
        if created is not None and ended is not None and ended >= created:
            waits.append(Wait(step, ended, (ended - created).total_seconds()))
    return waits


def anomalies_of(request: Document) -> list[RequestAnomaly]:
    """Return what is odd about a stored request, in the order of `RequestAnomaly`."""
    created, approved, rejected, processed = (
        request.get(field) for field in ("createdAt", "approvedAt", "rejectedAt", "processedAt")
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


def show_request(request: Document, events: Iterable[Document]) -> dict[str, Any]:
    """Return a stored request as it is served, with its timeline."""
    shown = {"status": status_of(request), "anomalies": anomalies_of(request), "timeline": list(events)}
    return {**dict.fromkeys(STEPS), **request, **shown}
