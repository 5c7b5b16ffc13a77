"""Census ids: unlinkable, the same within a period, and beyond recall when the secret is destroyed."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from app.census.model import BACK
from app.census.secrets import CensusHasher, hash_id
from app.settings import Settings
from auth.principal import Role
from tests.app.census.records import make_record, send
from tests.harness.system import System

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
RAW = str(uuid.uuid4()).upper()


def new_worker(system: System) -> CensusHasher:
    """Return a hasher that remembers nothing, as another process has it."""
    services = system.services
    return CensusHasher(services.database.secrets, services.keyring, MONTH)


async def test_workers_hash_alike_within_a_period(system: System) -> None:
    """Two processes give the same id for the same raw id."""
    first, second = [await new_worker(system).secret_at(NOW, NOW) for _ in range(2)]
    assert hash_id(first, "user", RAW) == hash_id(second, "user", RAW.lower())


async def test_the_secret_changes_with_the_period(system: System) -> None:
    """After a rotation the same raw id gives another id."""
    hasher = new_worker(system)
    assert await hasher.secret_at(NOW, NOW) != await hasher.secret_at(NOW + MONTH, NOW + MONTH)


async def test_a_late_record_is_hashed_with_the_secret_of_its_own_period(system: System) -> None:
    """The previous secret is kept for the overlap."""
    hasher = new_worker(system)
    before = await hasher.secret_at(NOW, NOW)
    assert await hasher.secret_at(NOW, NOW + MONTH) == before


async def test_a_record_of_a_clock_that_is_ahead_hashes_alike_when_it_is_sent_again(system: System) -> None:
    """At the end of a period its hour belongs to the next one, before and after that has begun."""
    end = datetime(1970, 1, 1, tzinfo=UTC) + MONTH * 700
    ahead, sent = end + timedelta(minutes=20), end - timedelta(minutes=20)
    assert await new_worker(system).secret_at(ahead, sent) == await new_worker(system).secret_at(ahead, ahead)


def test_no_record_that_is_taken_is_older_than_the_secrets_that_are_kept() -> None:
    """With a shorter rotation one of seven days ago would hash anew, and count twice."""
    with pytest.raises(ValidationError):
        Settings(census_rotation_days=BACK.days - 1)
    assert Settings(census_rotation_days=BACK.days).census_rotation_days == BACK.days


async def test_an_older_secret_is_never_used_or_made_again(system: System) -> None:
    """What is two periods old gets the previous period's secret, though its own may still be stored."""
    hasher = new_worker(system)
    old = await hasher.secret_at(NOW, NOW)
    later = NOW + 2 * MONTH
    assert await hasher.secret_at(NOW, later) == await hasher.secret_at(later - MONTH, later) != old
    assert old not in hasher._known.values()


async def test_the_mapping_cannot_be_recomputed_after_the_secret_is_destroyed(system: System) -> None:
    """With the raw id, the master key and the whole database in hand nobody gets the stored id again."""
    await send(system, make_record(system, userId=RAW))
    stored = (await system.services.database["census"].find_one({}))["userId"]
    secrets = system.services.database.secrets["census_secrets"]
    due = (await secrets.find_one({}))["destroyAt"]
    assert due - system.clock() <= 2 * timedelta(days=system.services.settings.census_rotation_days)
    await secrets.delete_many({"destroyAt": {"$lte": due}})  # what MongoDB's TTL monitor does then
    fresh = await new_worker(system).secret_at(system.clock(), system.clock())
    keys = [fresh, *(system.services.keyring.derive(name) for name in ("census-secrets", "pseudonym", "blind-index"))]
    assert stored not in {hash_id(key, purpose, RAW) for key in keys for purpose in ("user", "session", "")}


async def test_the_secret_is_kept_apart_and_wrapped(system: System) -> None:
    """The data's database holds no secret, and the other one none that can be used as it is."""
    await send(system, make_record(system), role=Role.USER)
    assert "census_secrets" not in await system.services.database.raw.list_collection_names()
    stored = await system.services.database.secrets["census_secrets"].find_one({})
    secret = await new_worker(system).secret_at(system.clock(), system.clock())
    assert secret not in bytes(stored["wrapped"])
