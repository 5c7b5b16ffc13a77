"""The vault's keys of an earlier version, which lay beside the data, move to the database of secrets."""

import uuid

import pytest
from bson.binary import UUID_SUBTYPE, Binary

from app.database.indexes import prepare_database
from app.database.keyring import development_key_path, next_key_path
from app.errors import AppError, ErrorCode
from auth.principal import Role
from tests.harness.commands import run, settings_of
from tests.harness.people import AUTHENTICATED, save_people
from tests.harness.system import System


async def test_keys_move_once_and_open_as_before(system: System) -> None:
    """Also where a start was broken off between copying and dropping; nothing stays beside the data."""
    await save_people(system)
    database, settings = system.services.database, system.services.settings
    keys = await database.secrets["vault_keys"].find({}).to_list(None)
    await database["vault_keys"].insert_many(keys)
    await database.secrets["vault_keys"].delete_one({"_id": keys[0]["_id"]})
    for _ in range(2):
        await prepare_database(database, settings)
        assert await database.secrets["vault_keys"].count_documents({}) == len(keys)
        assert "vault_keys" not in await database.raw.list_collection_names()
    answer = await system.ask("{ myData }", Role.USER)
    assert str(AUTHENTICATED["name"]) in answer.data["myData"]


async def test_a_key_that_contradicts_another_is_not_dropped(system: System) -> None:
    """Two keys of one owner: each opens what was sealed under it, so nothing is thrown away and nothing is served."""
    await save_people(system)
    database, settings = system.services.database, system.services.settings
    (key, *_) = await database.secrets["vault_keys"].find({}).to_list(None)
    other = {**key, "_id": Binary(uuid.uuid4().bytes, UUID_SUBTYPE)}
    await database["vault_keys"].insert_many([key, other])
    for _ in range(2):
        with pytest.raises(AppError) as refusal:
            await prepare_database(database, settings)
        assert refusal.value.code is ErrorCode.UNAVAILABLE
        assert [kept["_id"] async for kept in database["vault_keys"].find({})] == [other["_id"]]


async def test_no_master_key_is_changed_while_keys_have_not_moved(system: System) -> None:
    """They would stay under the old one, which the operator then throws away."""
    await save_people(system)
    database = system.services.database
    keys = await database.secrets["vault_keys"].find({}).to_list(None)
    await database["vault_keys"].insert_many(keys)
    path = development_key_path(system.services.settings)
    before = path.read_bytes()
    done = run("rotate_master_key", settings=settings_of(system))
    assert (done.returncode, done.stdout) == (66, "")
    assert "start the server" in done.stderr
    assert (path.read_bytes(), next_key_path(path).exists()) == (before, False)
