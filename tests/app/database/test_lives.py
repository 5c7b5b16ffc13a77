"""How long MongoDB keeps documents is read from MongoDB, and changed by whoever may."""

from datetime import timedelta

from app.database.embedded import EmbeddedMongod
from app.database.indexes import prepare_database, read_life
from app.settings import Settings
from tests.harness.databases import fresh_database


async def test_a_life_is_what_the_database_has(mongod: EmbeddedMongod) -> None:
    """Not what the settings of this process say; they change it only where they may."""
    async with fresh_database(mongod.uri) as database:
        shorter = Settings(usage_retention_days=30)
        await prepare_database(database, shorter, lives=False)
        assert await read_life(database, "events") == timedelta(days=395)
        await prepare_database(database, shorter)
        assert await read_life(database, "events") == timedelta(days=30)
        await prepare_database(database, Settings())  # the next test has it as it was


async def test_what_ends_nowhere_has_no_life(mongod: EmbeddedMongod) -> None:
    """A collection without such an index, and one that does not exist."""
    async with fresh_database(mongod.uri) as database:
        assert [await read_life(database, name) for name in ("companies", "nothing")] == [None, None]
