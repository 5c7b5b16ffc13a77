"""Census: minting anonymous ids, recording, and what an officer may look at (P1-P3)."""

import uuid
from datetime import datetime

import strawberry
from strawberry import ID

from app.census.service import record_census
from app.census.store import find_census_records
from app.database.pages import read_page_request
from auth.rights import Action
from graphql_schema.context import Info
from graphql_schema.guards import guarded, inherits
from graphql_schema.ingest import IngestResult
from graphql_schema.paging import After, Connection, First
from graphql_schema.reading import stored
from graphql_schema.scalars import UuidText


@strawberry.input(description="One census record; no other fields are collected. Values that look like an identity are refused.")
class CensusInput:
    """The seven fields of the notice, and the id and time of the record."""

    record_id: ID
    app_name: str
    device_model: str
    os_name: str
    os_version: str
    user_language: str
    user_id: UuidText = strawberry.field(description="An anonymous id from newAnonymousIds; hashed on arrival, never stored.")
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


@strawberry.type
class CensusQueries:
    """Looking at what is held."""

    @guarded(Action.READ_CENSUS_RECORDS)
    async def census_records(self, info: Info, first: First, after: After = None) -> Connection[CensusRecord]:
        """The records held, newest first; for the privacy officer, who checks that they identify nobody."""
        return stored(await find_census_records(info.context.services.database, read_page_request(first, after)))


@strawberry.type
class CensusMutations:
    """Collecting census data."""

    @guarded(Action.RECORD_CENSUS)
    def new_anonymous_ids(self) -> AnonymousIds:
        """Mint two random ids; they are not stored."""
        return AnonymousIds(user_id=_mint(), session_id=_mint())

    @guarded(Action.RECORD_CENSUS)
    async def record_census(self, info: Info, records: list[CensusInput]) -> IngestResult:
        """Record a batch of at most 500; a repeated recordId is a duplicate, a bad record costs only itself."""
        services = info.context.services
        return stored(await record_census(services.database, services.hasher, stored(records), info.context.now))


def _mint() -> UuidText:
    return UuidText(str(uuid.uuid4()).upper())
