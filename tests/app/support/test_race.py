"""Eight agents in four processes race for 200 requests."""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path

from app.clock import utc_now
from app.database.embedded import EmbeddedMongod
from app.receipts.model import SEQUENCE_MAX, receipt_id
from app.receipts.store import RECEIPTS
from app.receipts.verification import Problem, verify_receipts
from app.support.model import Subject
from app.support.service import SupportService
from app.support.store import REQUESTS
from tests.app.support.people import request_about

ROOT = Path(__file__).parents[3]
PROCESSES, REQUESTS_MADE = 4, 200


async def test_no_request_is_taken_twice_and_the_chain_is_whole(
    mongod: EmbeddedMongod, service: SupportService, tmp_path: Path
) -> None:
    """Each request has one winner, each opening one receipt; one byte changed afterwards is found at its place."""
    database = service.database
    made = [request_about(Subject(f"P{number}", "COMPANY"), opened=utc_now()) for number in range(REQUESTS_MADE)]
    await database[REQUESTS].insert_many(made)
    await service.vault.seal("COMPANY", {"name": "x"})  # the processes race for requests, not for the first key
    taken = [request for agent in await race(mongod.uri, database.name, tmp_path) for request in agent]
    assert sorted(taken) == sorted(request["_id"] for request in made)
    life = timedelta(days=730)
    whole = await verify_receipts(database, 1, SEQUENCE_MAX, now=utc_now(), life=life)
    assert (whole.ok, whole.checked) == (True, REQUESTS_MADE)
    await database[RECEIPTS].update_one({"_id": receipt_id(77)}, {"$set": {"actor": "agent 1.x"}})
    found = await verify_receipts(database, 1, SEQUENCE_MAX, now=utc_now(), life=life)
    assert (found.ok, found.first_bad_sequence, found.problem) == (False, 77, Problem.ALTERED)


async def race(uri: str, name: str, data: Path) -> list[list[str]]:
    """Run the processes; return what each agent took."""
    command = [sys.executable, "-m", "tests.app.support.race", uri, name, str(data)]
    pipe = asyncio.subprocess.PIPE
    racing = [
        await asyncio.create_subprocess_exec(*command, str(number), cwd=ROOT, stdout=pipe)
        for number in range(PROCESSES)
    ]
    outputs = [(await process.communicate())[0] for process in racing]
    return [taken for output in outputs for taken in json.loads(output).values()]
