"""The six events as they come in and go out."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry import ID

from app.usage.model import EventName
from graphql_schema.guards import inherits
from graphql_schema.scalars import UuidText

EventNameEnum = strawberry.enum(EventName, name="EventName", description="The events of the notice.")


@inherits
@strawberry.interface(description="What happened to a request or a team.")
class UsageEvent:
    """What all events share."""

    id: ID
    event_id: ID
    name: EventNameEnum
    occurred_at: datetime
    received_at: datetime

    @classmethod
    def resolve_type(cls, source: dict[str, Any], *_: object) -> str:
        """Return the GraphQL type of a stored event."""
        return TYPE_NAMES[source["name"]]


TYPE_NAMES = {name.value: name.key.title().replace("_", "") for name in EventName}


@inherits
@strawberry.type(description="A team was requested.")
class RequestCreated(UsageEvent):
    """`request_created` of the notice."""

    request_id: UuidText
    team_name: str
    additional_members: int
    additional_owners: int
    template_id: UuidText
    template_name: str


@inherits
@strawberry.type(description="A request was approved.")
class RequestApproved(UsageEvent):
    """`request_approved` of the notice."""

    request_id: UuidText


@inherits
@strawberry.type(description="A request was rejected.")
class RequestRejected(UsageEvent):
    """`request_rejected` of the notice."""

    request_id: UuidText


@inherits
@strawberry.type(description="A request was processed.")
class RequestProcessed(UsageEvent):
    """`request_processed` of the notice."""

    request_id: UuidText


@inherits
@strawberry.type(description="A request failed.")
class RequestError(UsageEvent):
    """`request_error` of the notice."""

    request_id: UuidText


@inherits
@strawberry.type(description="A team was created.")
class TeamCreated(UsageEvent):
    """`team_created` of the notice."""

    team_id: UuidText
    team_name: str
    template_id: UuidText
    template_name: str


EVENT_TYPES = (RequestCreated, RequestApproved, RequestRejected, RequestProcessed, RequestError, TeamCreated)


@strawberry.input
class RequestCreatedInput:
    """`request_created`; every field of the notice is required."""

    event_id: ID
    occurred_at: datetime
    request_id: UuidText
    team_name: str
    additional_members: int
    additional_owners: int
    template_id: UuidText
    template_name: str


@strawberry.input
class RequestStepInput:
    """`request_approved`, `request_rejected`, `request_processed` and `request_error`."""

    event_id: ID
    occurred_at: datetime
    request_id: UuidText


@strawberry.input
class TeamCreatedInput:
    """`team_created`; every field of the notice is required."""

    event_id: ID
    occurred_at: datetime
    team_id: UuidText
    team_name: str
    template_id: UuidText
    template_name: str


@strawberry.input(one_of=True, description="Exactly one of the events of the notice.")
class EventInput:
    """One event."""

    request_created: RequestCreatedInput | None = strawberry.UNSET
    request_approved: RequestStepInput | None = strawberry.UNSET
    request_rejected: RequestStepInput | None = strawberry.UNSET
    request_processed: RequestStepInput | None = strawberry.UNSET
    request_error: RequestStepInput | None = strawberry.UNSET
    team_created: TeamCreatedInput | None = strawberry.UNSET
