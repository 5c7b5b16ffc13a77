"""The six usage events of the notice, each with exactly its fields (P4). Pure."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from app.ingest import Item, ItemError, check_id, check_line, check_moment

BACK = timedelta(days=31)
MAX_PEOPLE = 100_000


class EventName(StrEnum):
    """The events of the notice, in GraphQL's spelling; `key` gives the notice's own."""

    REQUEST_CREATED = "REQUEST_CREATED"
    REQUEST_APPROVED = "REQUEST_APPROVED"
    REQUEST_REJECTED = "REQUEST_REJECTED"
    REQUEST_PROCESSED = "REQUEST_PROCESSED"
    REQUEST_ERROR = "REQUEST_ERROR"
    TEAM_CREATED = "TEAM_CREATED"

    @property
    def key(self) -> str:
        """The notice's key, for example `request_created`."""
        return self.value.lower()

    @property
    def input_field(self) -> str:
        """The field of `EventInput`, for example `requestCreated`."""
        head, *rest = self.key.split("_")
        return head + "".join(word.title() for word in rest)


def event_key(company_id: str, event_id: str) -> str:
    """Return the `_id` of an event: the same for the same event, so that MongoDB refuses it a second time."""
    # A company's id may be a path, whose parts must not pass for the beginning of an event's id; ids hold no line end.
    border = "\n" if "/" in company_id else "/"
    digest = blake2b(f"{company_id}{border}{event_id}".encode(), digest_size=KEY_BYTES).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


KEY_BYTES = 16


def request_key(company_id: str, request_id: str) -> str:
    """Return what the index of requests stands by: in no order that a sender could choose."""
    digest = blake2b(f"{company_id}/{request_id}".encode(), digest_size=REQUEST_KEY_BYTES).digest()
    return urlsafe_b64encode(digest).decode()


REQUEST_KEY_BYTES = 12  # of the requests of one company only; no padding in base64


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of each kind one event carries."""

    ids: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()


_REQUEST = Fields(ids=("requestId",))
EVENT_FIELDS: Mapping[EventName, Fields] = {
    EventName.REQUEST_CREATED: Fields(
        ("requestId", "templateId"), ("teamName", "templateName"), ("additionalMembers", "additionalOwners")
    ),
    EventName.REQUEST_APPROVED: _REQUEST,
    EventName.REQUEST_REJECTED: _REQUEST,
    EventName.REQUEST_PROCESSED: _REQUEST,
    EventName.REQUEST_ERROR: _REQUEST,
    EventName.TEAM_CREATED: Fields(("teamId", "templateId"), ("teamName", "templateName")),
}
NAME_BY_INPUT_FIELD = {name.input_field: name for name in EventName}


def read_event(item: Item, now: datetime) -> dict[str, Any]:
    """Return the stored form of one `EventInput`; raises `ItemError` naming the field."""
    ((input_field, body),) = item.items()
    name = NAME_BY_INPUT_FIELD[input_field]
    try:
        return _read_fields(name, body, now)
    except ItemError as error:
        raise error.below(input_field) from None


def _read_fields(name: EventName, body: Item, now: datetime) -> dict[str, Any]:
    fields = EVENT_FIELDS[name]
    event: dict[str, Any] = {
        "eventId": check_id("eventId", body["eventId"]),
        "name": name.value,
        "occurredAt": check_moment("occurredAt", body["occurredAt"], now, BACK),
    }
    for field in fields.ids:
        event[field] = body[field]
    for field in fields.lines:
        event[field] = check_line(field, body[field])
    for field in fields.counts:
        event[field] = _check_count(field, body[field])
    return event


def _check_count(field: str, value: int) -> int:
    if not 0 <= value <= MAX_PEOPLE:
        raise ItemError(field, f"lie between 0 and {MAX_PEOPLE}")
    return value
