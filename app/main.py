"""The roof: builds the running system from settings; the one file that knows everyone."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from pymongo.errors import PyMongoError
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route, WebSocketRoute

from app.census.secrets import CensusHasher
from app.clock import Clock, utc_now
from app.dashboards.anonymizer import anonymizing
from app.dashboards.live import usage_changes
from app.database.client import Database, connect
from app.database.clock_watch import ClockWatch
from app.database.indexes import prepare_database
from app.database.keyring import Keyring, load_keyring
from app.database.loader import MergedReads
from app.database.retention import RetentionWatch
from app.database.vault import Vault
from app.error_reports.counting import ReportCounter
from app.error_reports.day_keys import DayKeys
from app.error_reports.service import ErrorService
from app.errors import AppError
from app.http.authentication import Doorkeeper
from app.http.endpoint import GraphQLEndpoint
from app.http.front import Front
from app.http.health import health_routes
from app.http.live_sse import LiveEvents
from app.http.live_ws import LiveSocket
from app.http.rate import Meters, build_meters
from app.http.shield import EXCEPTION_HANDLERS, shield_of
from app.log import configure_logging, describe_exception, log
from app.profiles.service import ProfileService
from app.profiles.store import PersonReads
from app.receipts.writer import ReceiptWriter
from app.settings import Settings
from app.subject_rights.repeating import AGAIN_FOR, repeating
from app.support.changes import support_changes
from app.support.service import SupportService
from app.time_limit import TimeLimit
from app.web.explorer import explorer_page, explorer_routes
from auth.development import DevelopmentIssuer
from auth.issuers import issuers_from_json
from auth.keys import KeysUnavailableError
from auth.principal import Role
from auth.tokens import TokenVerifier
from graphql_schema.context import Services
from graphql_schema.execute import Runner
from graphql_schema.schema import build_schema
from graphql_schema.subject_rights import erasing_of
from graphql_schema.subscribing import Subscriber


def build_services(settings: Settings, host_clock: Clock = utc_now) -> Services:
    """Return the parts of a running system on a host with this clock; nothing is connected yet."""
    database = connect(settings)
    keyring = load_keyring(settings)
    vault = Vault(database, keyring, settings)
    clock_watch = ClockWatch(database, host_clock)
    receipts = ReceiptWriter(database, clock_watch)
    return Services(
        settings=settings,
        database=database,
        clock_watch=clock_watch,
        vault=vault,
        keyring=keyring,
        errors=build_errors(settings, database, vault, keyring),
        hasher=CensusHasher(database.secrets, keyring, timedelta(days=settings.census_rotation_days)),
        profiles=ProfileService(database, vault, keyring, timedelta(days=settings.claim_retention_days)),
        receipts=receipts,
        users=MergedReads(database, "users"),
        people=PersonReads(database),
        companies=MergedReads(database, "companies"),
        error_groups=MergedReads(database, "error_groups"),
        usage_changes=usage_changes(database),
        support_changes=support_changes(database),
        support=SupportService(
            database,
            vault,
            keyring,
            receipts,
            access=timedelta(hours=settings.access_hours),
            request_life=timedelta(days=settings.request_days),
        ),
    )


def build_errors(settings: Settings, database: Database, vault: Vault, keyring: Keyring) -> ErrorService:
    """Return the error reports' part."""
    life = timedelta(days=settings.error_retention_days)
    keys = DayKeys(database.secrets, keyring, life)
    return ErrorService(database, vault, keyring, keys, ReportCounter(database), settings.error_ip, life)


async def prepare_services(services: Services) -> None:
    """Make collections, indexes and keys; raises what the driver raises while the database is away."""
    await prepare_database(services.database, services.settings)
    await services.vault.prepare()


async def close_services(services: Services) -> None:
    """Count what was accepted, then close all parts, the database last; one that fails keeps none of them open."""
    async with AsyncExitStack() as stack:  # which works from its end
        stack.push_async_callback(services.database.close)
        stack.push_async_callback(services.vault.close)
        stack.push_async_callback(services.receipts.close)
        stack.push_async_callback(services.support_changes.close)
        stack.push_async_callback(services.usage_changes.close)
        stack.push_async_callback(services.errors.counter.settled)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the app is made of besides its settings; tests give their own.

    `clock` tells operations the time, `host_clock` is the one that is compared with the database's.
    """

    clock: Clock = utc_now
    host_clock: Clock = utc_now
    tokens: TokenVerifier | None = None


def build_app(settings: Settings, parts: Parts | None = None) -> Starlette:
    """Return the ASGI app; while the database is away it starts all the same and answers 503."""
    parts = parts or Parts()
    services = build_services(settings, parts.host_clock)
    readiness = Readiness(services, parts.clock)
    verifier = parts.tokens or build_verifier(settings, services)
    runner = Runner(build_schema(), services)
    meters = build_meters(settings, services.keyring.pseudonym)
    endpoint = GraphQLEndpoint(
        settings=settings,
        clock=parts.clock,
        door=Doorkeeper(verifier, meters, settings.trusted_proxies),
        run=runner.run,
        page=explorer_page,
        body_limit=TimeLimit(settings.body_seconds),
    )
    subscribe = Subscriber(runner, parts.clock).subscribe
    calls = LiveEvents(subscribe, endpoint)
    return Front(
        "/graphql",
        calls,
        routes=[
            Route("/graphql", calls),  # for those who add a slash: Starlette sends them here
            WebSocketRoute("/graphql", LiveSocket(subscribe, endpoint.door, parts.clock)),
            *_routes(settings, readiness),
        ],
        middleware=shield_of(settings),
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=_lifespan(services, readiness, verifier, meters, parts.clock),
    )


def create_app() -> Starlette:
    """Return the app of this process's environment: the factory for ASGI servers."""
    settings = Settings.from_env()
    configure_logging(settings.log_level)
    app = build_app(settings)
    # The schema lives as long as the process: without it a full collection takes a moment instead of 40 ms.
    gc.collect()
    gc.freeze()
    return app


def build_verifier(settings: Settings, services: Services) -> TokenVerifier:
    """Return the verifier of the configured issuers, and of the development one where the settings have it."""
    issuers = issuers_from_json(settings.jwt_issuers)
    if settings.has_development_issuer:
        issuers.append(DevelopmentIssuer(settings.data_dir).issuer)
    return TokenVerifier(issuers, partial(_pseudonym_for_tokens, services.keyring))


def _pseudonym_for_tokens(keyring: Keyring, text: str) -> str:
    try:
        return keyring.pseudonym(text)
    except AppError:  # locked yet: then nothing is known about the token, and it is not refused
        raise KeysUnavailableError("installation_key") from None


RETRY_SECONDS = 1


class Readiness:
    """Whether the database is prepared, answers and agrees on the time; prepares it as soon as it can be reached."""

    def __init__(self, services: Services, clock: Clock) -> None:
        """Take the services to prepare."""
        self._services = services
        self._clock = clock
        self._retention = RetentionWatch(services.database, services.settings)
        self._prepared = False

    async def hindrance(self) -> str | None:
        """Return what keeps operations from being served now, None if nothing does."""
        try:
            if not self._prepared:
                await prepare_services(self._services)
                self._prepared = True
            await self._services.database.ping()
            is_wrong = await self._services.clock_watch.is_wrong()
        except (PyMongoError, AppError) as error:  # AppError: the key service is away
            log.warning("not_ready", **describe_exception(error))
            return "database away"
        return "clock differs" if is_wrong else None

    async def check_until_prepared(self) -> None:
        """Try each second until the database has been prepared: nobody may be asking `/ready`."""
        while not self._prepared:
            try:
                await self.hindrance()
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody else would try again
                log.error("not_prepared", **describe_exception(error))
            if not self._prepared:
                await asyncio.sleep(RETRY_SECONDS)

    async def warnings(self) -> list[str]:
        """Return what an operator should look at though operations are served."""
        try:
            found = await self._retention.warnings(self._clock())
        except PyMongoError as error:
            log.warning("retention_not_read", **describe_exception(error))
            return []
        if found:
            log.warning("retention_late", collections=len(found))
        return found


def _routes(settings: Settings, readiness: Readiness) -> list[BaseRoute]:
    tokens = _token_source(settings) if settings.has_development_issuer else None
    return [
        *explorer_routes(tokens=tokens),
        *health_routes(readiness.hindrance, readiness.warnings),
    ]


def _token_source(settings: Settings) -> Callable[[], list[dict[str, str]]]:
    issuer = DevelopmentIssuer(settings.data_dir)

    def tokens() -> list[dict[str, str]]:
        return [
            {"role": role.value, "label": role.value.replace("_", " "), "token": issuer.sign(role)} for role in Role
        ]

    return tokens


def _lifespan(
    services: Services, readiness: Readiness, verifier: TokenVerifier, meters: Meters, clock: Clock
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(close_services, services)
            stack.push_async_callback(meters.close)
            stack.push_async_callback(verifier.aclose)
            await readiness.hindrance()
            stack.callback(asyncio.create_task(readiness.check_until_prepared()).cancel)
            await stack.enter_async_context(anonymizing(services.database, clock, services.clock_watch))
            lives = services.errors.life, timedelta(days=services.settings.usage_retention_days)
            again_for = min(AGAIN_FOR, *lives)  # what was counted of who came back must not have expired
            await stack.enter_async_context(repeating(erasing_of(services), clock, services.clock_watch, again_for))
            yield

    return lifespan
