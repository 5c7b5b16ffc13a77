"""The running system as a whole: it prepares its database whatever is met, and closes all of its parts."""

import asyncio
from pathlib import Path

from app.clock import utc_now
from app.database.embedded import EmbeddedMongod
from app.database.vault import INDEX_KEY, SETTINGS
from app.main import RETRY_SECONDS, Readiness, build_services
from app.settings import Settings
from tests.harness.databases import empty_database


async def test_preparing_goes_on_after_any_error(mongod: EmbeddedMongod, data_folder: Path) -> None:
    """The index key's document is broken; once it is gone, the next try makes another one."""
    async with empty_database(mongod.uri) as name:
        services = build_services(Settings(mongodb_uri=mongod.uri, mongodb_database=name, data_dir=data_folder))
        settings = services.database[SETTINGS]
        await settings.insert_one({"_id": INDEX_KEY}, bypass_document_validation=True)
        preparing = asyncio.create_task(Readiness(services, utc_now).check_until_prepared())
        await asyncio.wait({preparing}, timeout=RETRY_SECONDS / 2)
        assert not preparing.done()
        await settings.delete_many({})
        async with asyncio.timeout(20):
            await preparing
        assert services.keyring.is_unlocked
        await services.vault.close()
        await services.database.close()
