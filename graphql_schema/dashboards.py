"""The usage dashboard of a company, or of one person's own requests (P5)."""

from datetime import datetime
from typing import Annotated, cast

import strawberry
from strawberry import ID

from app.dashboards.dashboard import MEDIAN, NINE_TENTHS, Dashboard, read_dashboard
from app.dashboards.periods import Interval, Period, read_range
from app.dashboards.sources import StoredBuckets, fold_own
from app.database.pages import read_page_request
from app.usage.timeline import Step
from auth.rights import Action
from graphql_schema.context import Info
from graphql_schema.fast.reads import ResolverInfo
from graphql_schema.guards import guarded, inherits
from graphql_schema.projecting import count_selected
from graphql_schema.reading import stored
from graphql_schema.scalars import TimeZoneName, UuidText
from graphql_schema.usage_reach import dashboard_reach
from graphql_schema.usage_types import EventNameEnum

IntervalEnum = strawberry.enum(Interval, name="Interval", description="The step of a series. Weeks begin on Monday.")
From = Annotated[
    datetime, strawberry.argument(name="from", description="Cut to the quarter of an hour that it lies in.")
]
To = Annotated[datetime, strawberry.argument(description="Not included; raised to the next quarter of an hour.")]
LISTS = frozenset({"series", "csv"})  # each holds every period
Zone = Annotated[TimeZoneName, strawberry.argument(description="Whose hours, days, weeks and months the series has.")]


@inherits
@strawberry.type(description="Numbers of events.")
class UsageTotals:
    """The six events of the notice, counted."""

    requests_created: int
    requests_approved: int
    requests_rejected: int
    requests_processed: int
    request_errors: int
    teams_created: int


@inherits
@strawberry.type(
    description="One period of the series, zeros included. What is counted lies within the dashboard's range."
)
class UsagePoint(UsageTotals):
    """The six numbers of one period."""

    start: datetime
    end: datetime


@inherits
@strawberry.type(description="One step on the way from request to team.")
class FunnelStep:
    """A step, and its share of what was created."""

    event: EventNameEnum
    count: int
    share: float | None = strawberry.field(description="Of the requests created; null where there are none.")


@inherits
@strawberry.type(description="How much a template was used.")
class TemplateUsage:
    """One template."""

    template_id: UuidText
    template_name: str = strawberry.field(description="The latest name on the days of the range.")
    requests: int
    teams: int


@inherits
@strawberry.type(
    description="A company's usage, in events; an ordinary user's: of their own events and the requests they created."
)
class UsageDashboard:
    """One range of usage."""

    start: datetime = strawberry.field(description="`from`, as counted.")
    end: datetime = strawberry.field(description="`to`, as counted.")
    totals: UsageTotals
    previous: UsageTotals = strawberry.field(description="The range of equal length before.")
    series: list[UsagePoint]
    funnel: list[FunnelStep]
    approval_rate: float | None = strawberry.field(description="Approved of all decided; null where nothing was.")
    as_of: datetime = strawberry.field(description="All that was accepted before this moment is counted.")
    csv: str = strawberry.field(description="The series as CSV, moments in the time zone asked for.")

    @guarded(Action.READ_USAGE, description="The templates requested most.")
    async def templates(self, first: int = 10) -> list[TemplateUsage]:
        """The top templates."""
        read_page_request(first, None)
        return stored(await _dashboard(self).templates(first))

    @guarded(Action.READ_USAGE, description="From creation to approval, of approvals in the range; within 1 %.")
    async def median_seconds_to_approval(self) -> float | None:
        """Half of the approvals took no longer."""
        return await _dashboard(self).wait_seconds(Step.APPROVAL, MEDIAN)

    @guarded(Action.READ_USAGE, description="90th percentile, as medianSecondsToApproval.")
    async def p90_seconds_to_approval(self) -> float | None:
        """Nine of ten approvals took no longer."""
        return await _dashboard(self).wait_seconds(Step.APPROVAL, NINE_TENTHS)

    @guarded(Action.READ_USAGE, description="From creation to processing, of those processed in the range; within 1 %.")
    async def median_seconds_to_process(self) -> float | None:
        """Half of them took no longer."""
        return await _dashboard(self).wait_seconds(Step.PROCESSING, MEDIAN)

    @guarded(Action.READ_USAGE, description="90th percentile, as medianSecondsToProcess.")
    async def p90_seconds_to_process(self) -> float | None:
        """Nine of ten took no longer."""
        return await _dashboard(self).wait_seconds(Step.PROCESSING, NINE_TENTHS)


def _dashboard(source: object) -> Dashboard:
    dashboard: Dashboard = stored(source)
    return dashboard


@strawberry.type
class DashboardQueries:
    """Dashboards."""

    @guarded(Action.READ_USAGE)
    async def usage_dashboard(
        self, info: Info, from_: From, to: To, interval: IntervalEnum, time_zone: Zone, company_id: ID | None = None
    ) -> UsageDashboard:
        """Usage of the caller's company over a range of at most 25 months, in whole quarters of an hour.

        `companyId` is for agents: a company whose support request they have taken; a customer's must be their own.
        """
        served = cast("ResolverInfo", info)
        return stored(await show_dashboard(served, from_, to, Interval(interval), time_zone, company_id))


async def show_dashboard(
    info: ResolverInfo,
    start: datetime,
    end: datetime,
    interval: Interval,
    zone_name: str,
    company_id: str | None,
) -> Dashboard:
    """Return the dashboard of whoever the caller may read; each period costs a point in each list that it is in.

    A range that is not served is refused before anything is read.
    """
    context = info.context
    wanted = read_range(start, end, interval, zone_name)
    coordinate = f"{info.parent_type.name}.{info.field_name}"
    company_id, person_id = await dashboard_reach(context, company_id, coordinate)
    context.charge(len(wanted.periods) * max(1, count_selected(info, LISTS)))
    database = context.services.database
    if person_id is not None:
        span = Period(wanted.previous.start, wanted.whole.end)
        return await read_dashboard(await fold_own(database, company_id, person_id, span), wanted, context.now)
    return await read_dashboard(StoredBuckets(database, company_id), wanted, context.now)
