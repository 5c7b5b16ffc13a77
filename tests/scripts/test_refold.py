"""scripts/refold destroys nothing that cannot be counted again, and leaves lives and validators to the server."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from app.database.client import Database, connect
from app.database.indexes import prepare_database
from app.settings import DAY_SECONDS
from app.usage.folding import day_of
from app.usage.numbering import INDEX
from app.usage.refolding import find_horizon, refold
from auth.principal import Role
from tests.harness.commands import Done, run, settings_of
from tests.harness.mongod import start_session_mongod
from tests.harness.system import System, running_system
from tests.harness.usage import created, new_id, send


def run_refold(system: System, *options: str, **settings: str) -> Done:
    """Run the command on the test's database, from a shell that knows nothing of the server's other settings."""
    return run("refold", *options, settings={**settings_of(system), **settings})


async def use_for(system: System, *days: int) -> list[datetime]:
    """Record one event on each of these days ago, as it happened; returns the UTC days."""
    begun = system.clock.shift
    moments = []
    for ago in days:
        system.clock.shift = begun - timedelta(days=ago)
        moments.append(system.clock() - timedelta(minutes=1))
        await send(system, [created(moments[-1], new_id())], system.token(Role.COMPANY_ADMIN))
    system.clock.shift = begun
    return [day_of(moment) for moment in moments]


async def forget_before(system: System, days: int) -> None:
    """Let the events expire that were received more than `days` days ago, as MongoDB does."""
    expired = {"receivedAt": {"$lt": system.clock() - timedelta(days=days)}}
    await system.services.database["events"].delete_many(expired)


async def buckets_of(system: System) -> list[dict[str, Any]]:
    """Return all buckets."""
    found = system.services.database["usage_buckets"].find({"kind": {"$ne": "PUBLISHED"}}).sort("_id", 1)
    rows: list[dict[str, Any]] = await found.to_list(None)
    return rows


async def life_of_events(database: Database) -> int:
    """Return the seconds after which MongoDB erases an event."""
    return int((await database.index_information("events"))["receivedAt_1"]["expireAfterSeconds"])


async def test_days_whose_events_have_expired_keep_their_buckets(system: System) -> None:
    """The server keeps events for 30 days; the operator's shell does not know that."""
    shorter = system.services.settings.model_copy(update={"usage_retention_days": 30})
    await prepare_database(system.services.database, shorter)
    await use_for(system, 200, 100, 29, 1)
    await forget_before(system, 30)
    before = await buckets_of(system)
    done = run_refold(system)
    assert (done.returncode, await buckets_of(system)) == (0, before), done.stderr


async def test_a_life_that_was_raised_again_brings_no_event_back(system: System) -> None:
    """Events of 30 days are left under a life of 395: what is older is no recount, late events or not."""
    await use_for(system, 200, 100, 31, 29, 10, 1)
    late = system.clock() - timedelta(days=25)
    await send(system, [created(late, new_id())], system.token(Role.COMPANY_ADMIN))
    await forget_before(system, 30)
    before = await buckets_of(system)
    done = run_refold(system)
    assert (done.returncode, await buckets_of(system)) == (0, before), done.stderr


@pytest.mark.parametrize(("hour", "is_whole"), [(22, True), (23, False)])
async def test_a_day_is_whole_that_begins_an_hour_after_the_oldest_event(
    system: System, hour: int, *, is_whole: bool
) -> None:
    """An event may be told of an hour before it happens; of a day that may lack some, no number is lowered."""
    day = day_of(system.clock()) - timedelta(days=5)
    system.clock.stopped_at = day + timedelta(hours=hour)
    await send(system, [created(system.clock(), new_id())], system.token(Role.COMPANY_ADMIN))
    system.clock.stopped_at = day + timedelta(days=1, hours=3)
    await send(system, [created(system.clock(), new_id())], system.token(Role.COMPANY_ADMIN))
    buckets = system.services.database["usage_buckets"]
    of_next = {"kind": "COUNTS", "day": day + timedelta(days=1)}
    await buckets.update_one(of_next, {"$inc": {"counts.REQUEST_CREATED": 3}})
    assert run_refold(system).returncode == 0
    assert (await buckets.find_one(of_next))["counts"]["REQUEST_CREATED"] == (1 if is_whole else 4)
    assert run_refold(system, "--nothing-expired").returncode == 0
    assert (await buckets.find_one(of_next))["counts"]["REQUEST_CREATED"] == 1


async def test_what_is_missing_is_added_where_events_may_have_expired(system: System) -> None:
    """In a young database no day is surely whole, and yet each gets what its events tell."""
    (day, *_) = await use_for(system, 3, 2)
    before = await buckets_of(system)
    await system.services.database["usage_buckets"].delete_many({"day": day})
    assert run_refold(system, "--check").returncode == 1
    assert run_refold(system).returncode == 0
    assert by_place(await buckets_of(system)) == by_place(before)


def by_place(buckets: list[dict[str, Any]]) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return buckets without their ids, by what they are of."""
    bare = [{name: value for name, value in bucket.items() if name != "_id"} for bucket in buckets]
    return {(str(bucket["day"]), bucket["kind"], bucket["templateId"]): bucket for bucket in bare}


async def test_days_whose_events_expire_are_not_looked_at(system: System) -> None:
    """Nor those within a day of it: their events would go while they are counted."""
    await use_for(system, 3)
    now = day_of(system.clock())
    assert await find_horizon(system.services.database, timedelta(days=4), now) == now - timedelta(days=2)


async def test_without_events_buckets_stay(system: System) -> None:
    """There is nothing to hold them against; the command says so."""
    await use_for(system, 3, 2, 1)
    before = await buckets_of(system)
    await system.services.database["events"].delete_many({})
    done = run_refold(system)
    assert (done.returncode, await buckets_of(system)) == (0, before), done.stderr
    assert "no events" in done.stderr


async def test_events_that_expire_meanwhile_take_no_bucket_along(system: System) -> None:
    """A server is started with a shorter life while the command is at work: what goes then is not recounted."""
    days = await use_for(system, 40, 20, 10, 1)
    database, settings = system.services.database, system.services.settings
    horizon = await find_horizon(database, timedelta(days=395), system.clock())
    assert horizon is not None
    assert horizon < days[1]
    before = await buckets_of(system)
    with MongoClient[dict[str, Any]](settings.mongodb_uri.get_secret_value()) as client:

        def expire(_: int) -> None:
            old = {"receivedAt": {"$lt": system.clock() - timedelta(days=5)}}
            client[settings.mongodb_database]["events"].delete_many(old)

        done = await refold(database, horizon, expire)
    assert (await buckets_of(system), done.days_mended) == (before, 0)


async def test_a_database_that_goes_away_meanwhile_is_told_as_such(data_folder: Path) -> None:
    """The driver's own error comes out, as from any other read, so that the exit code is that of an absent database."""
    with start_session_mongod() as mongod:
        async with running_system(mongod.uri, data_folder, mongodb_database="refolded") as system:
            (horizon, *_) = await use_for(system, 4, 3, 2, 1)
            settings = system.services.settings.model_copy(update={"database_timeout_ms": 200})
        database = connect(settings)
        with pytest.raises(PyMongoError):
            await refold(database, horizon, lambda _: mongod.kill())
        await database.close()


@pytest.mark.parametrize("options", [(), ("--check",)])
async def test_lives_and_validators_are_left_to_the_server(system: System, options: tuple[str, ...]) -> None:
    """A shell with other settings, or of another version, changes nothing of a live database."""
    await use_for(system, 2)
    database = system.services.database
    life = {"name": "receivedAt_1", "expireAfterSeconds": 9 * DAY_SECONDS}
    await database.raw.command("collMod", "events", index=life)
    await database.raw.command("collMod", "users", validator={"never": {"$exists": False}})
    assert run_refold(system, *options, USAGE_RETENTION_DAYS="7").returncode == 0
    assert await life_of_events(database) == 9 * DAY_SECONDS
    (users,) = [each async for each in await database.raw.list_collections(filter={"name": "users"})]
    assert users["options"]["validator"] == {"never": {"$exists": False}}


@pytest.mark.parametrize("index", [INDEX, "receivedAt_1"])
async def test_a_database_that_no_server_prepared_is_refused(system: System, index: str) -> None:
    """The events of an older version lack an index; the command says what makes it, and makes nothing itself."""
    await system.services.database["events"].drop_index(index)
    done = run_refold(system)
    assert (done.returncode, done.stdout) == (66, "")
    assert "start the server" in done.stderr
    assert index not in await system.services.database.index_information("events")
