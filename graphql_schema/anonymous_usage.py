"""Anonymous usage: what the vendor sees of everybody, about at least 5 companies at a time (P5)."""

from datetime import datetime
from typing import Annotated

import strawberry

from app.dashboards.anonymous import COMPANIES_MIN, find_as_of, read_anonymous
from app.dashboards.periods import Interval, read_range
from app.errors import bad_input
from auth.rights import Action
from graphql_schema.context import Info
from graphql_schema.dashboards import IntervalEnum
from graphql_schema.guards import guarded, inherits
from graphql_schema.reading import stored
from graphql_schema.usage_types import EventNameEnum

From = Annotated[
    datetime, strawberry.argument(name="from", description="The day, week or month (UTC) that it lies in is the first.")
]
To = Annotated[datetime, strawberry.argument(description="Not included; the period before it is the last.")]
Step = Annotated[IntervalEnum, strawberry.argument(description="DAY, WEEK or MONTH: an hour may be of too few.")]


@inherits
@strawberry.type(description="The events of one kind in one period, of at least 5 companies; else hidden.")
class AnonymousGroup:
    """One number."""

    event: EventNameEnum
    count: int | None
    companies: int | None = strawberry.field(description="How many companies the count is of.")
    hidden: bool = strawberry.field(description="Fewer than 5 companies had it, perhaps none.")
    days_left_out: int = strawberry.field(
        description="Days of a week or month that the count leaves out, since by themselves they are hidden."
    )


@inherits
@strawberry.type(description="One UTC day, week or month.")
class AnonymousPeriod:
    """The groups of one period, one for each event of the notice."""

    start: datetime
    end: datetime
    groups: list[AnonymousGroup]


@inherits
@strawberry.type(description="Usage with no company, person, request, team or template in it.")
class AnonymousUsage:
    """A range of whole periods."""

    periods: list[AnonymousPeriod]
    companies_min: int = strawberry.field(description="Groups of fewer companies are hidden.")
    as_of: datetime = strawberry.field(
        description="Days that were over by then are counted; late events of fewer than 5 companies wait for others."
    )


@strawberry.type
class AnonymousUsageQueries:
    """For the vendor."""

    @guarded(Action.READ_VENDOR_USAGE)
    async def anonymous_usage(self, info: Info, from_: From, to: To, interval: Step) -> AnonymousUsage:
        """All whole UTC days, weeks or months that the range touches, of days that are over; hours are too fine."""
        step = Interval(interval)
        if step is Interval.HOUR:
            raise bad_input("interval", "be DAY, WEEK or MONTH: an hour may be of too few companies")
        wanted = read_range(from_, to, step, "UTC")
        info.context.charge(len(wanted.periods))
        database = info.context.services.database
        as_of = await find_as_of(database, info.context.now)
        periods = await read_anonymous(database, wanted.periods, step)
        return stored({"periods": periods, "companiesMin": COMPANIES_MIN, "asOf": as_of})
