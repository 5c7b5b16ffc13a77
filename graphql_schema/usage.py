"""Usage events: the six of the notice, each typed (P4), recorded and read per company (P5)."""

from datetime import datetime

import strawberry
from strawberry import ID

from app.database.pages import read_page_request
from app.errors import not_found
from app.usage.model import EventName
from app.usage.service import record_events
from app.usage.store import EventFilter, count_timeline, find_events, find_request, find_timeline
from app.usage.timeline import RequestAnomaly, RequestStatus, show_request
from auth.rights import Action
from graphql_schema.context import Info
from graphql_schema.guards import guarded, inherits
from graphql_schema.ingest import IngestResult
from graphql_schema.paging import After, Connection, First
from graphql_schema.reading import stored
from graphql_schema.scalars import UuidText
from graphql_schema.usage_reach import usage_reach
from graphql_schema.usage_types import EventInput, EventNameEnum, UsageEvent

RequestStatusEnum = strawberry.enum(RequestStatus, name="RequestStatus", description="The latest step told of.")
RequestAnomalyEnum = strawberry.enum(
    RequestAnomaly, name="RequestAnomaly", description="What is odd about the times of a request."
)


@inherits
@strawberry.type(description="A provisioning request, folded from its events; impossible orders are shown, not hidden.")
class ProvisioningRequest:
    """One request for a team."""

    request_id: UuidText
    status: RequestStatusEnum
    created_at: datetime | None
    approved_at: datetime | None
    rejected_at: datetime | None
    processed_at: datetime | None
    failed_at: datetime | None
    anomalies: list[RequestAnomalyEnum]
    timeline: list[UsageEvent]


@strawberry.input(name="EventFilter", description="What to look for among the events.")
class EventFilterInput:
    """Nothing restricted is here."""

    names: list[EventNameEnum] | None = None
    occurred_after: datetime | None = strawberry.field(default=None, description="From this moment on.")
    occurred_before: datetime | None = strawberry.field(default=None, description="Up to this moment, without it.")
    request_id: UuidText | None = None
    template_id: UuidText | None = None


def read_filter(given: EventFilterInput | None) -> EventFilter:
    """Return the store's filter."""
    if given is None:
        return EventFilter()
    names = tuple(EventName(name) for name in given.names or ())
    return EventFilter(names, given.occurred_after, given.occurred_before, given.request_id, given.template_id)


@strawberry.type
class UsageQueries:
    """Reading usage."""

    @guarded(Action.READ_USAGE)
    async def events(
        self, info: Info, first: First, after: After = None, filter: EventFilterInput | None = None
    ) -> Connection[UsageEvent]:
        """The events of the caller's company (a user's own, an agent's of taken requests), newest first.

        Of a request (`requestId`) that the user created, whoever sent them.
        """
        page, reach = read_page_request(first, after), await usage_reach(info.context, "Query.events")
        return stored(await find_events(info.context.services.database, reach, read_filter(filter), page))

    @guarded(Action.READ_USAGE)
    async def request(self, info: Info, request_id: UuidText) -> ProvisioningRequest | None:
        """One provisioning request with its timeline."""
        database = info.context.services.database
        company_id = await find_request(database, await usage_reach(info.context, "Query.request"), request_id)
        if company_id is None:
            raise not_found("request")
        info.context.charge(await count_timeline(database, company_id, request_id))
        timeline = await find_timeline(database, company_id, request_id)
        if not timeline:  # erased this moment
            raise not_found("request")
        return stored(show_request(timeline))


@strawberry.type
class UsageMutations:
    """Collecting usage."""

    @guarded(Action.RECORD_EVENTS)
    async def record_events(self, info: Info, events: list[EventInput], company_id: ID | None = None) -> IngestResult:
        """Record a batch of at most 500 events of at most 32 KiB each, of the last 31 days, for the token's company.

        A repeated eventId is a duplicate, a bad event costs only itself. `companyId` chooses among the companies of an
        `ingest` token; anybody else's must be their own.
        """
        context = info.context
        return stored(
            await record_events(context.services.database, context.principal, company_id, stored(events), context.now)
        )
