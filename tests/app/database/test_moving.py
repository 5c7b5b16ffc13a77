"""The vault's keys of an earlier version, which lay beside the data, move to the database of secrets."""

from app.database.indexes import prepare_database
from auth.principal import Role
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
