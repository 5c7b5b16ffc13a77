"""Peer: plain Strawberry, Motor and Starlette as their documentation shows them, with a permission class on two fields.

Environment: MONGO, PUBLIC_KEY. No limits, no metering, no receipts, no log: what a first version would be.
"""

import datetime as dt
import os
from pathlib import Path
from typing import Any

import jwt
import strawberry
from motor.motor_asyncio import AsyncIOMotorClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from strawberry.asgi import GraphQL
from strawberry.permission import BasePermission

KEY = Path(os.environ["PUBLIC_KEY"]).read_text()
CONNECTED: dict[str, Any] = {}


def database() -> Any:  # noqa: ANN401 - the driver's object
    """Connect on first use, inside the server's loop."""
    if not CONNECTED:
        CONNECTED["peers"] = AsyncIOMotorClient(os.environ["MONGO"], tz_aware=True).peers
    return CONNECTED["peers"]


class SupportOnly(BasePermission):
    """Lets support staff through."""

    message = "support staff only"

    def has_permission(self, source: Any, info: strawberry.Info, **_: Any) -> bool:  # noqa: ANN401, ARG002
        """Check the role."""
        return "support" in info.context["claims"]["roles"]


@strawberry.type
class Profile:
    """A profile."""

    id: strawberry.ID
    kind: str
    first_seen_at: dt.datetime
    last_seen_at: dt.datetime
    user_id: str | None
    customer_id: str | None
    ms_locale: str | None
    license: str | None
    ms_is_tenant_admin: bool | None
    upn: strawberry.Private[str]
    tenant: strawberry.Private[str]

    @strawberry.field(permission_classes=[SupportOnly])
    def ms_upn(self) -> str | None:
        """For support staff."""
        return self.upn

    @strawberry.field(permission_classes=[SupportOnly])
    def ms_tenant_id(self) -> str | None:
        """For support staff."""
        return self.tenant


@strawberry.type
class ErrorReport:
    """An error report."""

    id: strawberry.ID
    code: str | None
    message: str | None
    app_version: str | None
    os_name: str | None
    os_version: str | None
    model: str | None
    occurred_at: dt.datetime
    session_id: str | None
    network: str | None


@strawberry.input
class EventInput:
    """An event."""

    event_id: strawberry.ID
    occurred_at: dt.datetime
    name: str
    request_id: str
    team_name: str | None = None
    template_id: str | None = None
    template_name: str | None = None
    additional_members: int | None = None
    additional_owners: int | None = None


@strawberry.type
class Result:
    """How many were stored."""

    accepted: int


@strawberry.type
class Query:
    """Reads."""

    @strawberry.field
    async def user(self, id: strawberry.ID) -> Profile | None:  # noqa: A002
        """One profile."""
        row = await database().users.find_one({"_id": id})
        return row and Profile(
            id=row["_id"],
            kind=row["kind"],
            first_seen_at=row["firstSeenAt"],
            last_seen_at=row["lastSeenAt"],
            user_id=row["userId"],
            customer_id=row["customerId"],
            ms_locale=row["msLocale"],
            license=row["license"],
            ms_is_tenant_admin=row["msIsTenantAdmin"],
            upn=row["msUpn"],
            tenant=row["msTenantId"],
        )

    @strawberry.field
    async def errors(self, company_id: strawberry.ID, first: int) -> list[ErrorReport]:
        """Some reports."""
        rows = (
            await database().errors.find({"companyId": company_id}).sort("receivedAt", -1).limit(first).to_list(first)
        )
        return [
            ErrorReport(
                id=strawberry.ID(str(row["_id"])),
                code=row["code"],
                message=row["message"],
                app_version=row["appVersion"],
                os_name=row["osName"],
                os_version=row["osVersion"],
                model=row["model"],
                occurred_at=row["occurredAt"],
                session_id=row["sessionId"],
                network=row["network"],
            )
            for row in rows
        ]


@strawberry.type
class Mutation:
    """Writes."""

    @strawberry.mutation
    async def record_events(self, events: list[EventInput]) -> Result:
        """Store events."""
        rows = [
            {
                "eventId": event.event_id,
                "occurredAt": event.occurred_at,
                "name": event.name,
                "requestId": event.request_id,
                "teamName": event.team_name,
                "templateId": event.template_id,
                "templateName": event.template_name,
                "additionalMembers": event.additional_members,
                "additionalOwners": event.additional_owners,
            }
            for event in events
        ]
        return Result(accepted=len((await database().events.insert_many(rows)).inserted_ids))


class App(GraphQL[dict[str, Any], None]):
    """Strawberry's ASGI app with the token's claims in the context."""

    async def get_context(self, request: Any, response: Any = None) -> dict[str, Any]:  # noqa: ANN401, ARG002
        """Verify the token."""
        token = request.headers.get("authorization", "")[7:]
        return {"claims": jwt.decode(token, KEY, algorithms=["EdDSA"], audience="data-practices-api")}


async def ready(_: Request) -> Response:
    """Say that it runs."""
    return PlainTextResponse("ready")


app = Starlette(routes=[Route("/ready", ready), Mount("/graphql", App(strawberry.Schema(Query, Mutation)))])
