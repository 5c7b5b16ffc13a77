"""The same data for every server: users, error reports and a body of events, ours stored through our own services."""

import asyncio
import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from app.clock import utc_now
from app.main import build_services, close_services, prepare_services
from app.settings import Settings
from auth.principal import Principal, Role
from graphql_schema.context import Services

COMPANIES = 50
USERS = 20_000
ERRORS = 20_000
SEED = 7


def company_id(number: int) -> str:
    """Return the id of a company."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"bench/company/{number % COMPANIES}")).upper()


def user_id(number: int) -> str:
    """Return the id of a user."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"bench/user/{number}")).upper()


def fill_peers(uri: str) -> None:
    """Fill the peers' database, in the flat shape that they would choose."""
    database: Database[dict[str, Any]] = MongoClient(uri).peers
    rnd, now = random.Random(SEED), datetime.now(UTC)  # noqa: S311 - test data
    database.users.insert_many([_peer_user(number, rnd, now) for number in range(USERS)])
    database.errors.insert_many([_peer_error(number, rnd, now) for number in range(ERRORS)])
    database.errors.create_index([("companyId", 1), ("receivedAt", -1)])


def _peer_user(number: int, rnd: random.Random, now: datetime) -> dict[str, Any]:
    return {
        "_id": user_id(number),
        "kind": "AUTHENTICATED",
        "firstSeenAt": now,
        "lastSeenAt": now,
        **_open_profile(number),
        "msUpn": f"alice{number}@contoso.com",
        "msTenantId": str(uuid.UUID(int=rnd.getrandbits(128))),
    }


def _open_profile(number: int) -> dict[str, Any]:
    return {
        "userId": user_id(number),
        "customerId": company_id(number),
        "msLocale": "EN-US",
        "license": "pro",
        "msIsTenantAdmin": False,
    }


def _peer_error(number: int, rnd: random.Random, now: datetime) -> dict[str, Any]:
    return {
        "companyId": company_id(number),
        "code": f"E{number % 90}",
        "message": "sign-in failed: interaction required",
        "appVersion": "1.2",
        "osName": "iPhoneiOS",
        "osVersion": "8.3",
        "model": "iPhone",
        "occurredAt": now - timedelta(seconds=number),
        "receivedAt": now - timedelta(seconds=number),
        "sessionId": str(uuid.UUID(int=rnd.getrandbits(128))).upper(),
        "network": "4g",
    }


async def fill_ours(settings: Settings) -> None:
    """Fill our database through the services, so that whatever they do to data is done."""
    services = build_services(settings)
    await prepare_services(services)
    now = utc_now()
    for start in range(0, USERS, 500):
        await asyncio.gather(*(_save_user(services, number, now) for number in range(start, start + 500)))
    rnd = random.Random(SEED)  # noqa: S311 - test data
    for company in range(COMPANIES):
        numbers = range(company, ERRORS, COMPANIES)
        for start in range(0, len(numbers), 500):
            await _record_errors(services, numbers[start : start + 500], rnd, now)
    await close_services(services)


async def _save_user(services: Services, number: int, now: datetime) -> None:
    principal = Principal(
        f"bench|{number}",
        frozenset({Role.USER}),
        user_id=user_id(number),
        company_ids=frozenset({company_id(number)}),
    )
    # Only the user whom the agent may open has sealed values: sealing 20 000 would measure the filling.
    given: dict[str, Any] = {**_open_profile(number)}
    if number == OPENED_USER:
        given |= {"name": "Alice Hawking", "msEmail": "alice@contoso.com", "intercomId": "alice@contoso.com"}
    await services.profiles.save_authenticated(principal, given, now)


OPENED_USER = 4_242


async def _record_errors(services: Services, numbers: Sequence[int], rnd: random.Random, now: datetime) -> None:
    company = company_id(numbers[0])
    principal = Principal("bench|ingest", frozenset({Role.COMPANY_ADMIN}), company_ids=frozenset({company}))
    reports = [
        {
            "reportId": f"report-{number}",
            "occurredAt": now - timedelta(seconds=number),
            "kind": "SIGN_IN",
            "code": f"E{number % 90}",
            "message": "sign-in failed: interaction required",
            "device": {"appVersion": "1.2", "osName": "iPhoneiOS", "osVersion": "8.3", "model": "iPhone"},
            "network": {"effectiveType": "4g"},
            "sessionId": str(uuid.UUID(int=rnd.getrandbits(128))).upper(),
        }
        for number in numbers
    ]
    await services.errors.record(principal, None, reports, now)


def events_for_peers(now: datetime) -> list[dict[str, Any]]:
    """Return 100 events in the peers' flat shape; their ids differ in each request."""
    return [{**_event(number, now), "name": _kind(number)[0]} for number in range(100)]


def events_for_ours(now: datetime) -> list[dict[str, Any]]:
    """Return the same 100 events as our typed inputs."""
    return [{_kind(number)[1]: _event(number, now)} for number in range(100)]


# As life goes: for ten requests created, eight approved, six processed.
KINDS = (
    *[("REQUEST_CREATED", "requestCreated")] * 10,
    *[("REQUEST_APPROVED", "requestApproved")] * 8,
    *[("REQUEST_PROCESSED", "requestProcessed")] * 6,
    ("REQUEST_REJECTED", "requestRejected"),
)


def _kind(number: int) -> tuple[str, str]:
    return KINDS[number % len(KINDS)]


def _event(number: int, now: datetime) -> dict[str, Any]:
    event: dict[str, Any] = {
        "eventId": f"@ROUND@{number}",
        "occurredAt": (now - timedelta(minutes=number)).isoformat(),
        "requestId": f"@HEX@-F546-4CCD-8F23-{number // 2:012X}",
    }
    if _kind(number)[0] == "REQUEST_CREATED":
        template = "5E872200-F546-4CCD-8F23-AF5F507AA2DD"
        event |= {"teamName": "TEAM_NAME", "templateId": template, "templateName": "TEMPLATE_NAME"}
        event |= {"additionalMembers": 5, "additionalOwners": 3}
    return event
