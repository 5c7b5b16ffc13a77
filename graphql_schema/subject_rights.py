"""The rights of the person: a copy of what is held, and erasure (by the privacy officer)."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry
from strawberry import ID

from app.subject_rights.erasing import Erasing
from app.subject_rights.exporting import Exporting
from app.subject_rights.gathering import Gatherer
from app.support.subject_access import SubjectAccess
from auth.rights import Action
from graphql_schema.context import Info, Services
from graphql_schema.guards import guarded, inherits
from graphql_schema.reading import stored


@strawberry.enum(description="What was erased.")
class ErasureKind(StrEnum):
    """A person, or a company with all its people."""

    USER = "USER"
    COMPANY = "COMPANY"


@inherits
@strawberry.type(description="How many documents of one collection are gone, or no longer hold the person.")
class ErasedCount:
    """One collection."""

    collection: str
    count: int


@inherits
@strawberry.type(description="An erasure: on the list that is replayed after a restore, and receipted.")
class Erasure:
    """What was done."""

    id: ID
    kind: ErasureKind
    subject_id: ID | None
    company_id: ID | None
    erased_at: datetime
    completed_at: datetime | None
    receipt_sequence: int
    key_destroyed: bool = strawberry.field(
        description="The company's key, so that copies of its restricted values cannot be read."
    )
    counts: list[ErasedCount]


def exporting_of(services: Services) -> Exporting:
    """Return what makes copies."""
    access = SubjectAccess(services.database, services.vault, services.receipts)
    return Exporting(Gatherer(services.database, services.keyring, services.errors), access)


def erasing_of(services: Services) -> Erasing:
    """Return what erases."""
    return Erasing(services.database, services.vault, services.receipts, services.errors.keys)


def _shown(erasure: dict[str, Any]) -> dict[str, Any]:
    counts = [{"collection": name, "count": count} for name, count in erasure["counts"].items()]
    return {**erasure, "counts": counts}


@strawberry.type
class SubjectRightsQueries:
    """The caller's own."""

    @guarded(Action.READ_SELF)
    async def my_data(self, info: Info) -> str:
        """All that is held about the caller, as JSON; what is restricted is opened, behind a receipt."""
        context = info.context
        context.use("myData", 1)
        return await exporting_of(context.services).export_own(context.principal, context.now)


@strawberry.type
class SubjectRightsMutations:
    """The privacy officer's part."""

    @guarded(Action.SERVE_SUBJECT_RIGHTS)
    async def export_user(self, info: Info, id: ID) -> str:
        """All that is held about a person, as JSON, to be handed to them; receipted."""
        context = info.context
        context.use("exportUser", 1)
        return await exporting_of(context.services).export_user(context.principal, id, context.now)

    @guarded(Action.SERVE_SUBJECT_RIGHTS)
    async def erase_user(self, info: Info, id: ID) -> Erasure:
        """Erase a person; the company's usage stays, without them. Asked again, it goes on, or tells what was done."""
        context = info.context
        return stored(_shown(await erasing_of(context.services).erase_user(context.principal, id, context.now)))

    @guarded(Action.SERVE_SUBJECT_RIGHTS)
    async def erase_company(self, info: Info, id: ID) -> Erasure:
        """Destroy a company's key, then erase it and its people. Asked again, it goes on, or tells what was done."""
        context = info.context
        return stored(_shown(await erasing_of(context.services).erase_company(context.principal, id, context.now)))
