"""What MongoDB itself refuses to store, whoever asks."""

from app.database.client import Database
from app.database.embedded import EmbeddedMongod
from tests.harness.databases import fresh_database

# Nothing of what a caller sends or of a person stands in these: wrapped keys, days, numbers, generated ids.
WITHOUT_DATA = {"vault_settings", "usage_marks", "leases"}
WITHOUT_DATA_OF_SECRETS = {"vault_keys", "census_secrets", "day_keys", "day_keys_made"}


async def unchecked(database: Database) -> set[str]:
    """Return the collections that take any document."""
    found = await database.raw.list_collections()
    return {
        row["name"] for row in await found.to_list(None) if "$jsonSchema" not in row["options"].get("validator", {})
    }


async def test_every_collection_with_data_has_a_validator(mongod: EmbeddedMongod) -> None:
    """A collection without one stands here with its reason, in both databases."""
    async with fresh_database(mongod.uri) as database:
        assert await unchecked(database) == WITHOUT_DATA
        assert await unchecked(database.secrets) == WITHOUT_DATA_OF_SECRETS
