"""scripts/demo: the same data from the same seed, lifelike, and never twice."""

import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import utc_now
from app.database.embedded import EmbeddedMongod
from app.main import build_services, close_services, prepare_services
from app.settings import Settings
from auth.development import DEMO_COMPANY_IDS, DEMO_PEOPLE
from auth.principal import Role
from graphql_schema.context import Services
from scripts.demo_data.batches import census_batches, error_batches, usage_batches
from scripts.demo_data.companies import COMPANIES
from scripts.demo_data.loading import DemoLoader, holds_other_data, is_loaded
from scripts.demo_data.support import AGENT, load_support_requests
from scripts.demo_data.usage import events_of_day

BASE = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
SEED = 7


@asynccontextmanager
async def services_on(mongodb_uri: str, data: Path) -> AsyncIterator[Services]:
    """Services on a database of their own."""
    name = f"demo_{uuid.uuid4().hex[:12]}"
    services = build_services(Settings(mongodb_uri=mongodb_uri, mongodb_database=name, data_dir=data))
    await prepare_services(services)
    yield services
    await services.database.client.drop_database(name)
    await close_services(services)


@pytest.fixture(scope="module")
async def loaded(mongod: EmbeddedMongod, data_folder: Path) -> AsyncIterator[Services]:
    """A database with the demo data."""
    async with services_on(mongod.uri, data_folder) as services:
        await load(services)
        yield services


async def load(services: Services, days: int = 0) -> dict[str, int]:
    """Load the demo data as of some days after `BASE`."""
    return await DemoLoader(services, SEED, BASE + timedelta(days=days), lambda *_: None).load()


async def contents(services: Services) -> dict[str, object]:
    """Return the ids of everything that brings its own, and the counts of the rest."""
    database = services.database
    users = await database["users"].find({"verified": True}, {"personId": 1, "kind": 1}).to_list(None)
    return {
        "events": sorted(await database["events"].distinct("eventId")),
        "errors": sorted(await database["errors"].distinct("reportId")),
        "companies": sorted(await database["companies"].distinct("_id")),
        "users": sorted((row["personId"], row["kind"]) for row in users),
        "claims": await database["users"].count_documents({"verified": False}),
        "census": await database["census"].count_documents({}),
    }


async def test_same_seed_same_data(loaded: Services, mongod: EmbeddedMongod, data_folder: Path) -> None:
    """Two databases loaded with one seed hold the same ids and counts."""
    async with services_on(mongod.uri, data_folder) as other:
        await load(other)
        assert await contents(other) == await contents(loaded)


async def test_loading_again_adds_only_new_days(loaded: Services) -> None:
    """The same load once more adds nothing; a day later it adds that day."""
    before = await contents(loaded)
    assert (await load(loaded)).items() >= {"usage": 0, "errors": 0, "census": 0}.items()
    assert await contents(loaded) == before
    added = await load(loaded, days=1)
    assert 0 < added["usage"] + added["census"] < 1_500


async def test_sizes_are_those_of_a_lively_installation(loaded: Services) -> None:
    """8 companies of very different size, about 150 people of both stored kinds, 20 to 40 thousand events."""
    database = loaded.database
    assert set(await database["companies"].distinct("_id")) == set(DEMO_COMPANY_IDS)
    people = await database.aggregate("users", [{"$group": {"_id": "$companyId", "n": {"$sum": 1}}}])
    sizes = sorted(row["n"] for row in people if row["_id"])
    assert sizes[-1] > 20 * sizes[0]
    persons = await database["users"].distinct("personId")
    claims = await database["users"].count_documents({"verified": False})
    assert 140 <= len(persons) + claims <= 170
    assert set(await database["users"].distinct("kind")) == {"IDENTIFIED", "AUTHENTICATED"}
    assert 20_000 <= await database["events"].count_documents({}) <= 40_000


async def test_ready_tokens_meet_data_of_their_own(loaded: Services) -> None:
    """The people of the development issuer's tokens are there, with requests of their own."""
    for role in (Role.USER, Role.COMPANY_ADMIN):
        person, company = DEMO_PEOPLE[role]
        assert await loaded.database["users"].find_one({"_id": person, "companyId": company})
        assert await loaded.database["events"].find_one({"userId": person, "companyId": company})


async def test_support_requests_are_opened_and_taken_once(loaded: Services) -> None:
    """Two are taken by the demo agent, one waits; a second load changes nothing."""
    now = utc_now()
    for _ in range(2):
        await load_support_requests(loaded, now)
    states = [row["status"] for row in await loaded.database["support_requests"].find({}).to_list(None)]
    assert Counter(states) == {"TAKEN": 2, "OPEN": 1}
    assert await loaded.database["support_requests"].count_documents({"takenBy": AGENT.subject}) == 2


async def test_if_empty_knows_what_is_there(loaded: Services, mongod: EmbeddedMongod, data_folder: Path) -> None:
    """A finished load is known as such, a fresh database as empty, one with other companies as other data."""
    assert await is_loaded(loaded)
    assert not await holds_other_data(loaded)
    async with services_on(mongod.uri, data_folder) as fresh:
        assert not await is_loaded(fresh)
        assert not await holds_other_data(fresh)
        await fresh.profiles.save_company("somebody's", {"license": "pro"}, utc_now())
        assert await holds_other_data(fresh)


def test_days_look_like_life() -> None:
    """Weekdays outdo weekends, each event and each kind of error comes up, steps follow their request."""
    events = [next(iter(item.items())) for batch in usage_batches(SEED, BASE) for item in batch.items]
    assert len({name for name, _ in events}) == 6
    by_day = Counter(body["occurredAt"].weekday() for name, body in events if name == "requestCreated")
    assert min(by_day[day] for day in range(5)) > 5 * max(by_day[day] for day in (5, 6))
    created = {body["requestId"]: body["occurredAt"] for name, body in events if name == "requestCreated"}
    steps = [body for name, body in events if "requestId" in body and name != "requestCreated"]
    assert all(step["occurredAt"] >= created[step["requestId"]] for step in steps)
    assert {item["kind"] for batch in error_batches(SEED, BASE) for item in batch.items} == {
        "SIGN_IN", "EXCEPTION", "NETWORK", "PERFORMANCE", "OTHER"
    }  # fmt: skip


def test_nothing_lies_in_the_future() -> None:
    """All records end before the midnight that they are loaded for, and arrive within the limits of the services."""
    for batch in (*usage_batches(SEED, BASE), *error_batches(SEED, BASE), *census_batches(SEED, BASE)):
        assert BASE - timedelta(days=90) <= batch.now < BASE


def test_other_seed_other_events() -> None:
    """The seed decides."""
    day = (BASE - timedelta(days=BASE.isoweekday() + 2)).date()  # a Friday
    one, other = (list(events_of_day(COMPANIES[0], day, seed)) for seed in (1, 2))
    assert one == list(events_of_day(COMPANIES[0], day, 1))
    assert one != other
