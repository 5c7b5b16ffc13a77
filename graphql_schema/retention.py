"""Whether what is past its life is really gone (P11): for those who answer for it."""

from datetime import date, datetime

import strawberry

from app.census.store import count_census_records
from app.database.retention import LATE_AFTER, longest_lag, read_holdings
from auth.rights import Action
from graphql_schema.context import Info
from graphql_schema.guards import guarded, inherits
from graphql_schema.reading import stored


@inherits
@strawberry.type(description="What one collection holds.")
class Holding:
    """Times are of the field that a record's life runs from; null where it holds its end alone."""

    category: str
    collection: str
    records: int = strawberry.field(description="Estimated.")
    oldest: datetime | None
    newest: datetime | None
    life_days: float | None = strawberry.field(
        description="Null where nothing ends by itself, or each record has an end of its own."
    )
    next_expiry: datetime | None
    lag_seconds: float = strawberry.field(description="How long the oldest record is past its life.")


@inherits
@strawberry.type(description="What is held, what is late, and which days' keys are destroyed.")
class RetentionStatus:
    """Read at one moment."""

    as_of: datetime
    holdings: list[Holding]
    ttl_lag_seconds: float
    is_late: bool = strawberry.field(description="Whether anything is past its life by more than an hour.")
    living_day_keys: list[date] = strawberry.field(description="The days whose error reports can be opened.")
    destroyed_day_keys: list[date] = strawberry.field(
        description="The days whose error reports nobody can open any more, from no copy and no backup of the data."
    )


@strawberry.type
class RetentionQueries:
    """Looking at what is held."""

    @guarded(Action.READ_RETENTION)
    async def retention_status(self, info: Info) -> RetentionStatus:
        """What each collection holds, oldest and newest, what expires when, and the destroyed day keys."""
        services, now = info.context.services, info.context.now
        holdings = await read_holdings(services.database, services.settings)
        records, newest = await count_census_records(services.database, now)
        census = {"records": records, "newest": newest}
        living, destroyed = await services.errors.keys.days(now)
        lag = longest_lag(holdings, now)
        rows = [
            {
                **{name: getattr(holding, name) for name in ("category", "collection", "records", "oldest", "newest")},
                **(census if holding.collection == "census" else {}),
                "lifeDays": holding.life.total_seconds() / 86_400 if holding.life else None,
                "nextExpiry": holding.next_expiry,
                "lagSeconds": holding.lag(now).total_seconds(),
            }
            for holding in holdings
        ]
        status = {
            "asOf": now,
            "holdings": rows,
            "ttlLagSeconds": lag.total_seconds(),
            "isLate": lag > LATE_AFTER,
            "livingDayKeys": living,
            "destroyedDayKeys": destroyed,
        }
        return stored(status)
