"""Subscriptions: a source tells when something changed; what is served is read and decided anew for each event."""

from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from datetime import timedelta
from typing import Annotated, Any

import strawberry
from graphql import GraphQLResolveInfo, GraphQLSchema
from strawberry import ID

from app.dashboards.dashboard import Dashboard
from app.dashboards.periods import Interval
from app.database.changes import REOPENED
from app.errors import bad_input, not_found, unavailable
from app.support.changes import keys_of
from auth.rights import Action
from graphql_schema.context import Info
from graphql_schema.dashboards import IntervalEnum, UsageDashboard, Zone, show_dashboard
from graphql_schema.guards import guarded_subscription
from graphql_schema.reading import stored
from graphql_schema.scalars import TimeZoneName
from graphql_schema.support import SupportRequest
from graphql_schema.usage_reach import dashboard_reach

DAYS_MAX = 366
UTC_NAME = TimeZoneName("UTC")
Days = Annotated[int, strawberry.argument(description="How many days back the dashboard reaches, 1 to 366.")]


@strawberry.type
class UsageSubscriptions:
    """Usage as it happens."""

    @guarded_subscription(Action.READ_USAGE)
    async def usage_changed(
        self,
        info: Info,
        days: Days = 30,
        interval: IntervalEnum = Interval.DAY,
        time_zone: Zone = UTC_NAME,
        company_id: ID | None = None,
    ) -> AsyncGenerator[UsageDashboard, None]:
        """The dashboard of the last days: at once, and again when it has changed, at most once a second.

        Over WebSocket (`graphql-transport-ws`) or server-sent events.
        """
        del interval, time_zone  # read when an event is served
        check_days(days)
        company, _ = await dashboard_reach(info.context, company_id)
        async with aclosing(info.context.services.usage_changes.changes([company])) as changes:
            async for _ in changes:
                yield stored(None)


@strawberry.type
class SupportSubscriptions:
    """Support requests as they change."""

    @guarded_subscription(Action.OPEN_SUPPORT_REQUEST)
    async def support_request_changed(self, info: Info) -> AsyncGenerator[SupportRequest, None]:
        """Each support request in the caller's reach that is opened, taken, released or closed from now on.

        Over WebSocket (`graphql-transport-ws`) or server-sent events.
        """
        changes = info.context.services.support_changes.changes(keys_of(info.context.principal))
        async with aclosing(changes) as told:
            async for requests in told:
                if REOPENED in requests:
                    raise unavailable("Some changes may have been missed. Subscribe again.")
                for request_id in sorted(requests):
                    yield stored(request_id)


def check_days(days: int) -> None:
    """Raise `BAD_USER_INPUT` for a number of days that is not served."""
    if not 1 <= days <= DAYS_MAX:
        raise bad_input("days", f"lie between 1 and {DAYS_MAX}")


def bind_events(schema: GraphQLSchema) -> None:
    """Give the subscription fields the resolvers that serve each event, under the rights of its moment."""
    if schema.subscription_type is not None:
        fields = schema.subscription_type.fields
        fields["usageChanged"].resolve = _show_usage
        fields["supportRequestChanged"].resolve = _show_request


async def _show_request(request_id: str, info: GraphQLResolveInfo[Any]) -> dict[str, Any]:
    context = info.context
    found = await context.services.support.find(context.principal, request_id, context.now)
    if found is None:
        raise not_found("support request")
    return stored(found)


def _show_usage(_: object, info: GraphQLResolveInfo[Any], **given: Any) -> Awaitable[Dashboard]:
    now = info.context.now
    start = now - timedelta(days=given["days"])
    interval, zone_name, company_id = Interval(given["interval"]), given["timeZone"], given.get("companyId")
    return show_dashboard(info, start, now, interval, zone_name, company_id)


@strawberry.type
class Subscription(UsageSubscriptions, SupportSubscriptions):
    """Everything that can be watched."""
