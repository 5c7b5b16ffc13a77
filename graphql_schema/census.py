"""Census: minting anonymous ids, recording, and what an officer may look at (P1-P3)."""

import uuid
from datetime import datetime, timedelta
from typing import Annotated

import strawberry
from strawberry import ID

from app.census.report import GROUPS_MAX, RANGE_MAX, USERS_MIN, CensusDimension, read_report
from app.census.service import record_census
from app.census.store import find_census_records
from app.database.pages import read_page_request
from app.errors import bad_input
from auth.rights import Action
from graphql_schema.context import Info
from graphql_schema.guards import guarded, inherits
from graphql_schema.ingest import IngestResult
from graphql_schema.paging import After, Connection, First
from graphql_schema.reading import stored
from graphql_schema.scalars import UuidText

From = Annotated[datetime, strawberry.argument(name="from", description="The day (UTC) that it lies in is the first.")]
To = Annotated[
    datetime,
    strawberry.argument(name="to", description="The end; its day counts too, unless it begins then."),
]


@strawberry.input(
    description="One census record; no other fields are collected. Values that look like an identity are refused."
)
class CensusInput:
    """The seven fields of the notice, and the id and time of the record."""

    record_id: ID
    app_name: str
    device_model: str
    os_name: str
    os_version: str
    user_language: str
    user_id: UuidText = strawberry.field(
        description="An anonymous id from newAnonymousIds; hashed on arrival, never stored."
    )
    session_id: UuidText = strawberry.field(description="As userId.")
    recorded_at: datetime


@inherits
@strawberry.type(description="Two fresh random ids for a client to keep; not stored here.")
class AnonymousIds:
    """What a client sends with its census records."""

    user_id: UuidText
    session_id: UuidText


@inherits
@strawberry.type(description="A census record as stored: its ids are keyed hashes under a rotating secret.")
class CensusRecord:
    """What is held of one record."""

    app_name: str
    device_model: str
    os_name: str
    os_version: str
    user_language: str
    user_id: UuidText
    session_id: UuidText
    recorded_at: datetime
    received_at: datetime
    practices_version: str


CensusDimensionEnum = strawberry.enum(CensusDimension, name="CensusDimension", description="What to divide by.")


@inherits
@strawberry.type(description="Users with the same values, as they had them last.")
class CensusGroup:
    """At least 5 users."""

    values: list[str] = strawberry.field(description="In the order of the dimensions asked for.")
    users: int = strawberry.field(description="A user counts twice across the monthly rotation of the secret.")
    sessions: int
    records: int


@inherits
@strawberry.type(description="The census of whole days (UTC). Groups of fewer than 5 users are in no number.")
class CensusReport:
    """The groups, largest first; what is hidden is in no sum."""

    groups: list[CensusGroup]
    has_hidden: bool
    users_min: int = strawberry.field(description="Groups of fewer users are hidden.")


@strawberry.type
class CensusQueries:
    """Looking at what is held."""

    @guarded(Action.READ_VENDOR_USAGE)
    async def census_report(self, info: Info, from_: From, to: To, by: list[CensusDimensionEnum]) -> CensusReport:
        """How many users have which app, device, system and language, by the records of whole hours."""
        if not timedelta(0) < to - from_ <= RANGE_MAX:
            raise bad_input("to", f"be later than from, by {RANGE_MAX.days} days at most")
        info.context.charge(GROUPS_MAX)
        dimensions = list(dict.fromkeys(CensusDimension(dimension) for dimension in by))
        found = await read_report(info.context.services.database, from_, to, dimensions, info.context.now)
        return stored({"groups": found.groups, "hasHidden": found.has_hidden, "usersMin": USERS_MIN})

    @guarded(Action.READ_CENSUS_RECORDS)
    async def census_records(self, info: Info, first: First, after: After = None) -> Connection[CensusRecord]:
        """The records of whole hours, newest first; for the privacy officer, who checks that they identify nobody."""
        database, page = info.context.services.database, read_page_request(first, after)
        return stored(await find_census_records(database, page, info.context.now))


@strawberry.type
class CensusMutations:
    """Collecting census data."""

    @guarded(Action.RECORD_CENSUS)
    def new_anonymous_ids(self) -> AnonymousIds:
        """Mint two random ids; they are not stored."""
        return AnonymousIds(user_id=_mint(), session_id=_mint())

    @guarded(Action.RECORD_CENSUS)
    async def record_census(self, info: Info, records: list[CensusInput]) -> IngestResult:
        """Record a batch of at most 500 records of at most 32 KiB each, of the last 7 days; nothing tells who sent it.

        A repeated recordId is a duplicate, a bad record costs only itself.
        """
        services = info.context.services
        return stored(await record_census(services.database, services.hasher, stored(records), info.context.now))


def _mint() -> UuidText:
    return UuidText(str(uuid.uuid4()).upper())
