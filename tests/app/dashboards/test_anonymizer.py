"""The background work of anonymous counts goes on for as long as the app runs."""

import asyncio
from datetime import datetime

from app.clock import utc_now
from app.dashboards.anonymizer import anonymizing
from app.database.embedded import EmbeddedMongod
from app.usage.buckets import MARKS
from tests.harness.databases import fresh_database


async def test_a_mark_that_cannot_be_read_ends_no_work(mongod: EmbeddedMongod) -> None:
    """A mark of no day is met in each round; after it there is another one."""
    rounds, third = [], asyncio.Event()

    def clock() -> datetime:
        rounds.append(utc_now())
        if len(rounds) == 3:
            third.set()
        return rounds[-1]

    async with fresh_database(mongod.uri) as database:
        await database[MARKS].insert_one({"companyIds": []})
        async with asyncio.timeout(20), anonymizing(database, clock):
            await third.wait()
