"""Groups of like errors and what is counted of errors: no texts, so an analyst may read them (P10, P11)."""

from datetime import date, datetime
from typing import Annotated, Any

import strawberry
from strawberry import ID

from app.database.pages import EMPTY_PAGE, PageRequest, read_page_request
from app.error_reports.filters import ErrorFilter
from app.error_reports.groups import (
    find_daily_counts,
    find_groups,
    find_own_groups,
    find_sign_in_failures,
    read_performance,
    to_group,
)
from app.error_reports.model import ErrorKind
from app.error_reports.reach import counts_of, errors_of
from app.errors import bad_input, forbidden
from auth.rights import Action
from graphql_schema.context import Context, Info
from graphql_schema.guards import guarded, inherits
from graphql_schema.paging import After, Connection, First
from graphql_schema.reading import stored

ErrorKindEnum = strawberry.enum(ErrorKind, name="ErrorKind", description="What kind of error is reported.")
RANGE_MAX_DAYS = 400
USES_MAX = 5  # of `errorPerformance`: each reads up to 20 000 sketches
From = Annotated[datetime, strawberry.argument(name="from", description="The day (UTC) that it lies in is the first.")]
To = Annotated[
    datetime, strawberry.argument(name="to", description="The end; its day counts too, unless it begins then.")
]
TITLE_MAX = 200


@inherits
@strawberry.type(description="Reports of the same fault. It dies 15 days after the last of them.")
class ErrorGroup:
    """What is counted of a group; no text is kept in it."""

    id: ID
    kind: ErrorKindEnum
    code: str | None
    count: int = strawberry.field(description="Reports since the group began, as far as the caller may see them.")
    affected_users: int = strawberry.field(
        description="About how many people, within some 7 %; reports without a person do not count."
    )
    first_seen_at: datetime
    last_seen_at: datetime

    @guarded(Action.READ_ERRORS)
    async def title(self, info: Info) -> str | None:
        """What the newest living report says; null for those who see counts only."""
        of = errors_of(info.context.principal)
        if of is None:
            return None
        services, now = info.context.services, info.context.now
        found = await services.errors.find(of, ErrorFilter(group=stored(self)["groupId"]), PageRequest(1), now)
        return _title_of(found.nodes[0]) if found.nodes else None


def _title_of(report: dict[str, Any]) -> str | None:
    exception = report.get("exception", {})
    said = exception.get("message") or report.get("message") or ""
    parts = [part for part in (exception.get("type"), said.partition("\n")[0]) if part]
    return ": ".join(parts)[:TITLE_MAX] or report.get("code")


async def group_of(context: Context, report: dict[str, Any]) -> dict[str, Any] | None:
    """Return the group of a report as the caller may see it."""
    owner = counts_of(context.principal)
    if owner is not None:
        await context.services.errors.counter.settled()
        found = await context.services.error_groups.get(f"{owner}/{report['groupId']}")
        return None if found is None else to_group(found)
    of = errors_of(context.principal)
    if of is None:
        return None
    alive_after = context.now - context.services.error_life
    only = ErrorFilter(group=report["groupId"])
    page = await find_own_groups(context.services.database, of, only, PageRequest(1), alive_after=alive_after)
    return page.nodes[0] if page.nodes else None


@inherits
@strawberry.type(description="How many reports of one kind were received on one day (UTC).")
class ErrorCount:
    """All that remains of reports after 15 days."""

    day: date
    kind: ErrorKindEnum
    count: int


@inherits
@strawberry.type(description="Sign-in failures with one code, while their groups live.")
class SignInFailure:
    """One code."""

    code: str | None
    count: int
    last_seen_at: datetime


@inherits
@strawberry.type(description="How an operation did under one version of the app.")
class VersionPerformance:
    """Durations within 2 % of the exact quantiles."""

    app_version: str | None
    count: int
    failed: int
    p50_ms: float | None = strawberry.field(name="p50Ms")
    p90_ms: float | None = strawberry.field(name="p90Ms")
    p99_ms: float | None = strawberry.field(name="p99Ms")


@inherits
@strawberry.type(description="How an operation did under all versions.")
class OperationPerformance:
    """Durations within 2 % of the exact quantiles."""

    operation: str
    count: int
    failed: int
    p50_ms: float | None = strawberry.field(name="p50Ms")
    p90_ms: float | None = strawberry.field(name="p90Ms")
    p99_ms: float | None = strawberry.field(name="p99Ms")
    versions: list[VersionPerformance]


@inherits
@strawberry.type(description="How many reports came over one kind of network.")
class NetworkShare:
    """One kind."""

    name: str
    count: int


@inherits
@strawberry.type(description="Quantiles of a measure, within 2 % of the exact ones.")
class Quantiles:
    """What half, nine tenths and ninety-nine hundredths do not pass."""

    count: int
    p50: float | None
    p90: float | None
    p99: float | None


@inherits
@strawberry.type(description="The quality of the reporters' network connections.")
class NetworkQuality:
    """The breakdown."""

    reports: int
    offline: int
    connections: list[NetworkShare]
    effective_types: list[NetworkShare]
    round_trip_ms: Quantiles
    downlink_mbps: Quantiles


@inherits
@strawberry.type(description="Performance and network quality over whole days (UTC), of at most the last 15.")
class ErrorPerformance:
    """From sketches, not from rows."""

    operations: list[OperationPerformance]
    network: NetworkQuality


def read_range(start: datetime, end: datetime) -> None:
    """Raise `BAD_USER_INPUT` unless the range runs forward and is not too long."""
    if not start < end:
        raise bad_input("to", "be later than from")
    if (end - start).days > RANGE_MAX_DAYS:
        raise bad_input("to", f"lie at most {RANGE_MAX_DAYS} days after from")


async def _owner(info: Info, field: str) -> str:
    await info.context.services.errors.counter.settled()
    owner = counts_of(info.context.principal, Action.READ_ERROR_COUNTS)
    if owner is None:
        raise forbidden(field, "a token that names one company")
    return owner


@strawberry.type
class ErrorGroupQueries:
    """Reading what is counted of errors."""

    @guarded(Action.READ_ERRORS)
    async def error_groups(
        self, info: Info, first: First, after: After = None, kind: ErrorKindEnum | None = None
    ) -> Connection[ErrorGroup]:
        """The living groups that the caller may see, those that began last first."""
        context, page = info.context, read_page_request(first, after)
        database, alive_after = context.services.database, context.now - context.services.error_life
        owner, of = counts_of(context.principal), errors_of(context.principal)
        await context.services.errors.counter.settled()
        kind = None if kind is None else ErrorKind(kind)
        if owner is not None:
            return stored(await find_groups(database, owner, kind, page, alive_after=alive_after))
        if of is None:
            return stored(EMPTY_PAGE)
        wanted = ErrorFilter((kind,) if kind else ())
        return stored(await find_own_groups(database, of, wanted, page, alive_after=alive_after))

    @guarded(Action.READ_ERROR_COUNTS)
    async def error_counts(self, info: Info, from_: From, to: To) -> list[ErrorCount]:
        """Daily counts by kind; they outlive the reports."""
        read_range(from_, to)
        info.context.charge((to - from_).days * len(ErrorKind))
        owner = await _owner(info, "errorCounts")
        return stored(await find_daily_counts(info.context.services.database, owner, from_, to))

    @guarded(Action.READ_ERROR_COUNTS)
    async def sign_in_failures(self, info: Info) -> list[SignInFailure]:
        """Sign-in failures by code, the most frequent first."""
        alive_after = info.context.now - info.context.services.error_life
        owner = await _owner(info, "signInFailures")
        return stored(await find_sign_in_failures(info.context.services.database, owner, alive_after))

    @guarded(Action.READ_ERROR_COUNTS)
    async def error_performance(self, info: Info, from_: From, to: To) -> ErrorPerformance:
        """Durations by operation and version, and network quality."""
        read_range(from_, to)
        info.context.use("errorPerformance", USES_MAX)
        database, alive_after = info.context.services.database, info.context.now - info.context.services.error_life
        owner = await _owner(info, "errorPerformance")
        return stored(await read_performance(database, owner, from_, to, alive_after=alive_after))
