"""Error reports: typed in and out (P10), never older than their life (P11)."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import ID

from app.database.pages import EMPTY_PAGE, Page, PageRequest, read_page_request
from app.error_reports.filters import ErrorFilter, ErrorsOf
from app.error_reports.model import PARTS, ErrorKind
from app.error_reports.reach import errors_of
from auth.rights import Action
from graphql_schema.context import Info
from graphql_schema.error_groups import ErrorGroup, ErrorKindEnum, group_of
from graphql_schema.guards import RestrictedKind, guarded, inherits, restricted
from graphql_schema.ingest import IngestResult
from graphql_schema.paging import After, Connection, First
from graphql_schema.profiles import User, find_person_of_row
from graphql_schema.projecting import select_of_nodes
from graphql_schema.reading import read_field, stored
from graphql_schema.scalars import UuidText


@strawberry.input
class ExceptionInput:
    """What was thrown."""

    type: str
    message: str | None = None
    stack_trace: str | None = None


@strawberry.input
class PerformanceInput:
    """How an operation performed and whether it was reliable."""

    operation: str
    duration_ms: float
    succeeded: bool | None = None
    retries: int | None = None


@strawberry.input
class DeviceInput:
    """The configuration of the device."""

    model: str | None = None
    os_name: str | None = None
    os_version: str | None = None
    app_version: str | None = None
    language: str | None = None
    memory_mb: int | None = None


@strawberry.input
class NetworkInput:
    """The quality of the network connection."""

    connection: str | None = strawberry.field(default=None, description="Such as wifi, ethernet, cellular.")
    effective_type: str | None = strawberry.field(default=None, description="Such as 4g, as browsers measure it.")
    downlink_mbps: float | None = None
    round_trip_ms: float | None = None
    online: bool | None = None


@strawberry.input(description="One report of an error. It is erased 15 days after it was received, whatever it says.")
class ErrorReportInput:
    """What a client tells of an error."""

    report_id: ID
    occurred_at: datetime
    kind: ErrorKindEnum
    code: str | None = None
    message: str | None = None
    exception: ExceptionInput | None = None
    log: list[str] | None = None
    performance: PerformanceInput | None = None
    device: DeviceInput | None = None
    network: NetworkInput | None = None
    session_id: UuidText | None = None


@inherits
@strawberry.type(name="Exception")
class ExceptionReport:
    """What was thrown."""

    type: str | None
    message: str | None
    stack_trace: str | None


@inherits
@strawberry.type
class Performance:
    """How an operation performed and whether it was reliable."""

    operation: str | None
    duration_ms: float | None
    succeeded: bool | None
    retries: int | None


@inherits
@strawberry.type
class Device:
    """The configuration of the device."""

    model: str | None
    os_name: str | None
    os_version: str | None
    app_version: str | None
    language: str | None
    memory_mb: int | None


@inherits
@strawberry.type
class Network:
    """The quality of the network connection."""

    connection: str | None
    effective_type: str | None
    downlink_mbps: float | None
    round_trip_ms: float | None
    online: bool | None


@inherits
@strawberry.type(description="What was removed from a text of the report, never the value.")
class ScrubbedText:
    """Where, by which rule, how often."""

    path: str
    rule: str
    count: int


@inherits
@strawberry.type(description="A report of an error.")
class ErrorReport:
    """One report as stored."""

    id: ID
    report_id: ID
    kind: ErrorKindEnum
    code: str | None
    message: str | None
    exception: ExceptionReport | None
    log: list[str] | None
    performance: Performance | None
    device: Device | None
    network: Network | None
    session_id: UuidText | None
    truncated: list[str] | None = strawberry.field(
        description="The texts that were cut at 8 KiB, or lists at 200 lines."
    )
    scrubbed: list[ScrubbedText] | None = strawberry.field(description="What was removed from the texts on arrival.")
    occurred_at: datetime
    received_at: datetime
    ip_address: str | None = restricted(RestrictedKind.IP)

    @guarded(Action.READ_ERRORS)
    def erased_at(self, info: Info) -> datetime:
        """When the report is erased, at the latest."""
        received: datetime = read_field(self, "received_at")
        return received + info.context.services.error_life

    @guarded(Action.READ_ERRORS)
    async def group(self, info: Info) -> ErrorGroup | None:
        """The reports of the same fault, as far as the caller may see them."""
        return stored(await group_of(info.context, stored(self)))

    @guarded(Action.READ_ERRORS)
    async def user(self, info: Info) -> User | None:
        """The person who reported it, if a token told and the caller may see them."""
        person = stored(self).get("userId")
        return None if person is None else stored(await find_person_of_row(info.context, person))


@strawberry.input(name="ErrorFilter", description="What to look for among the reports.")
class ErrorFilterInput:
    """Nothing restricted is here."""

    kinds: list[ErrorKindEnum] | None = None
    code: str | None = None
    group: ID | None = strawberry.field(default=None, description="The id of an error group.")
    app_version: str | None = None
    occurred_after: datetime | None = strawberry.field(default=None, description="From this moment on.")
    occurred_before: datetime | None = strawberry.field(default=None, description="Up to this moment, without it.")


def read_filter(given: ErrorFilterInput | None) -> ErrorFilter:
    """Return the store's filter."""
    if given is None:
        return ErrorFilter()
    kinds = tuple(ErrorKind(kind) for kind in given.kinds or ())
    return ErrorFilter(kinds, given.code, given.group, given.app_version, given.occurred_after, given.occurred_before)


_OPEN = frozenset({"id", "reportId", "kind", "code", "occurredAt", "receivedAt", "erasedAt"})
_SEALED = frozenset({*PARTS, "message", "log", "sessionId", "truncated", "scrubbed"})


async def find_reports(info: Any, of: ErrorsOf, wanted: ErrorFilter, page: PageRequest) -> Page:
    """Return one page of living reports, of which no more is read than the operation selects."""
    context = info.context
    errors, now = context.services.errors, context.now
    names, has_cursors = select_of_nodes(info)
    names -= {"__typename"}
    received = has_cursors or not names.isdisjoint({"receivedAt", "erasedAt"})
    if names <= _OPEN:
        plain = dict.fromkeys(names - {"id", "erasedAt"}, 1)
        return await errors.find(of, wanted, page, now, {"_id": 1, **plain, **({"receivedAt": 1} if received else {})})
    if names <= _OPEN | _SEALED:
        return await errors.find_told(of, wanted, page, now, received=received)
    return await errors.find(of, wanted, page, now)


Filter = Annotated[ErrorFilterInput | None, strawberry.argument(description="What to look for.")]


@strawberry.type
class ErrorQueries:
    """Reading error reports."""

    @guarded(Action.READ_ERRORS)
    async def errors(
        self, info: Info, first: First, after: After = None, filter: Filter = None
    ) -> Connection[ErrorReport]:
        """The living reports that the caller may see, newest first."""
        context, page = info.context, read_page_request(first, after)
        of = errors_of(context.principal)
        if of is None:
            return stored(EMPTY_PAGE)
        return stored(await find_reports(info, of, read_filter(filter), page))


@strawberry.type
class ErrorMutations:
    """Collecting error data."""

    @guarded(Action.RECORD_ERRORS)
    async def record_errors(
        self, info: Info, reports: list[ErrorReportInput], company_id: ID | None = None
    ) -> IngestResult:
        """Record a batch of at most 500 reports of at most 32 KiB each as stored, of errors of the last 7 days.

        A repeated reportId is a duplicate, a bad report costs only itself. Texts are scrubbed, and cut at 8 KiB.
        `companyId` chooses among the companies of the token: reports of a token of several belong to none without it.
        """
        context = info.context
        recorded = context.services.errors.record(
            context.principal, context.address, stored(reports), context.now, company_id
        )
        return stored(await recorded)
