"""The running system as a whole: it prepares its database whatever is met, and closes all of its parts."""

import asyncio
from pathlib import Path

import pytest
from pymongo.errors import InvalidOperation

from app.clock import utc_now
from app.database.client import connect
from app.database.embedded import EmbeddedMongod
from app.database.vault import INDEX_KEY, SETTINGS
from app.error_reports.additions import Accepted
from app.error_reports.model import Report
from app.main import RETRY_SECONDS, Readiness, build_services, close_services
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
        await close_services(services)


async def test_a_part_that_cannot_be_closed_keeps_no_other_open(mongod: EmbeddedMongod, data_folder: Path) -> None:
    """The first of them fails; the error comes out, and the database is closed all the same."""
    async with empty_database(mongod.uri) as name:
        services = build_services(Settings(mongodb_uri=mongod.uri, mongodb_database=name, data_dir=data_folder))
        await services.database.ping()
        watching = services.usage_changes._task = asyncio.create_task(refuse())
        await asyncio.wait({watching})
        with pytest.raises(RefusedError):
            await close_services(services)
        with pytest.raises(InvalidOperation):
            await services.database.ping()


async def test_what_was_accepted_is_counted_before_all_is_closed(mongod: EmbeddedMongod, data_folder: Path) -> None:
    """Callers do not wait for the counting; who ends the process does."""
    async with empty_database(mongod.uri) as name:
        settings = Settings(mongodb_uri=mongod.uri, mongodb_database=name, data_dir=data_folder)
        services, database = build_services(settings), connect(settings)
        report = Report({"kind": "OTHER", "groupId": "a" * 32}, {})
        await services.errors.counter.count(Accepted("c1", None, [report], utc_now()))
        await close_services(services)
        assert await database["error_groups"].count_documents({}) == 2
        await database.close()


class RefusedError(Exception):
    """What a part fails with."""


async def refuse() -> None:
    """Fail."""
    raise RefusedError
