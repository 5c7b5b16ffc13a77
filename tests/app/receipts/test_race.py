"""Several processes write at once: one order, no gap, no fork."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from app.clock import utc_now
from app.database.client import Database
from app.database.embedded import EmbeddedMongod
from app.receipts.model import SEQUENCE_MAX
from app.receipts.verification import verify_receipts

ROOT = Path(__file__).parents[3]
PROCESSES, TASKS, APPENDS = 4, 8, 10


async def test_four_processes_write_one_chain(mongod: EmbeddedMongod, database: Database) -> None:
    """4 processes of 8 tasks append 640 receipts; the chain has all of them and is whole."""
    command = [sys.executable, "-m", "tests.app.receipts.race", mongod.uri, database.name, str(APPENDS)]
    racing = [await asyncio.create_subprocess_exec(*command, cwd=ROOT) for _ in range(PROCESSES)]
    assert [await process.wait() for process in racing] == [0] * PROCESSES
    found = await verify_receipts(database, 1, SEQUENCE_MAX, now=utc_now(), life=timedelta(days=730))
    assert (found.ok, found.checked) == (True, 2 * PROCESSES * TASKS * APPENDS)
