"""The databases that tests hand on to one another hold nothing of the test before."""

from app.database.embedded import EmbeddedMongod
from tests.harness.databases import fresh_database


async def test_a_database_is_handed_on_empty(mongod: EmbeddedMongod) -> None:
    """What one test stored is not there for the next."""
    async with fresh_database(mongod.uri) as first:
        await first["leases"].insert_one({"_id": "lease"})
        await first.secrets["day_keys"].insert_one({"_id": "key"})
    async with fresh_database(mongod.uri) as second:
        assert second.name == first.name
        assert await second["leases"].count_documents({}) == 0
        assert await second.secrets["day_keys"].count_documents({}) == 0


async def test_a_changed_database_is_not_handed_on(mongod: EmbeddedMongod) -> None:
    """A collection more, or another validator: dropped."""
    for change in ({"create": "more"}, {"collMod": "access_receipts", "validator": {"never": True}}):
        async with fresh_database(mongod.uri) as changed:
            await changed.raw.command(change)
        async with fresh_database(mongod.uri) as other:
            assert other.name != changed.name
            assert changed.name not in await other.client.list_database_names()
