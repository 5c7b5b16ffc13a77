"""Folds the events of one request into its status and times. Pure; impossible orders are shown, not hidden."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from app.usage.model import EventName


class RequestStatus(StrEnum):
    """Where a provisioning request stands; the furthest step that any event tells of."""

    CREATED = "CREATED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    PROCESSED = "PROCESSED"
    FAILED = "FAILED"


TIME_FIELDS = {
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


def fold_request(request_id: str, events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the request that its events tell of: the earliest time of each step, and the status of the latest step."""
    times: dict[str, Any] = {}
    for event in events:
        field = TIME_FIELDS.get(EventName(event["name"]))
        if field is not None:
            times[field] = min(times.get(field, event["occurredAt"]), event["occurredAt"])
    # Steps of equal time: the later one in the order above counts.
    order = list(_STATUS_OF)
    latest = max(times, key=lambda field: (times[field], order.index(field)))
    return {"requestId": request_id, "status": _STATUS_OF[latest], **times, "timeline": list(events)}
