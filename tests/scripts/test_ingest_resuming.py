"""scripts/ingest, killed and run again: nothing lost, nothing twice; the journal saves work and is never believed alone."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest

from app.database.embedded import EmbeddedMongod
from auth.principal import Role
from tests.harness.ingest import Ingesting, ingest_command
from tests.harness.live import ROOT

LINES = 2_500
SEEN_BEFORE_KILL = 400
Events = pymongo.collection.Collection[dict[str, Any]]


@pytest.fixture
def events(ingesting: Ingesting, mongod: EmbeddedMongod) -> Iterator[Events]:
    """The collection behind the API, read by a plain client."""
    client: pymongo.MongoClient[dict[str, Any]]
    with pymongo.MongoClient(mongod.uri) as client:
        yield client[ingesting.live.environment["MONGODB_DATABASE"]]["events"]


def approvals(count: int) -> list[str]:
    """Return lines without id and time: both must be the same at every sending."""
    return [json.dumps({"request_approved": {"request_id": str(uuid.uuid4())}}) for _ in range(count)]


def start_and_kill(ingesting: Ingesting, file: Path, token: str, events: Events) -> None:
    """Send the file and kill the command with SIGKILL once the database has seen some of it."""
    with events.watch([{"$match": {"operationType": "insert"}}]) as changes:
        command = ingest_command(file, ingesting.live.url, token, "--batch", "50")
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(SEEN_BEFORE_KILL):
            next(changes)
        process.kill()
        process.wait()


def test_killed_half_way_and_run_again(ingesting: Ingesting, company_id: str, events: Events) -> None:
    """After kill -9 a second run brings the rest: each line is there exactly once."""
    token = ingesting.token(Role.COMPANY_ADMIN, None, company_id)
    file = ingesting.write("killed.ndjson", *approvals(LINES))
    start_and_kill(ingesting, file, token, events)
    assert SEEN_BEFORE_KILL <= events.count_documents({"companyId": company_id}) < LINES
    done = ingesting.run(file, token)
    assert done.returncode == 0, done.stderr
    assert "rejected 0" in done.stdout
    assert events.count_documents({"companyId": company_id}) == LINES
    assert len(events.distinct("requestId", {"companyId": company_id})) == LINES


def test_second_run_skips_what_is_done(ingesting: Ingesting, company_id: str, events: Events) -> None:
    """The second run reports the whole file, though it sends again only the last batch and what is left."""
    token = ingesting.token(Role.COMPANY_ADMIN, None, company_id)
    file = ingesting.write("skipped.ndjson", "no JSON", *approvals(LINES))
    start_and_kill(ingesting, file, token, events)
    before = events.count_documents({"companyId": company_id})
    journal = file.with_name("skipped.ndjson.ingest-state").read_text().splitlines()
    done = ingesting.run(file, token, "--batch", "50")
    accepted, duplicates = (int(part.split()[1]) for part in done.stdout.split("\n")[0].split(", ")[:2])
    assert accepted + duplicates == LINES
    assert duplicates <= 50  # what was on its way at the kill; what the journal has is counted as accepted
    assert before >= (len(journal) - 1) * 50 - 1
    assert "line 1: MALFORMED: expected one JSON object (column 1)" in done.stdout


def test_journal_is_not_believed_over_the_server(ingesting: Ingesting, company_id: str, events: Events) -> None:
    """If the server lost what the journal says was sent, all of it is sent again."""
    token = ingesting.token(Role.COMPANY_ADMIN, None, company_id)
    file = ingesting.write("lost.ndjson", *approvals(LINES))
    start_and_kill(ingesting, file, token, events)
    events.delete_many({"companyId": company_id})
    done = ingesting.run(file, token)
    accepted, duplicates = (int(part.split()[1]) for part in done.stdout.split("\n")[0].split(", ")[:2])
    assert accepted + duplicates == LINES
    assert duplicates <= 100  # the batch that was asked about, and one on its way at the kill
    assert events.count_documents({"companyId": company_id}) == LINES


def test_finished_file_sent_again_is_all_duplicates(ingesting: Ingesting, company_id: str) -> None:
    """Sending a finished file again asks the server about each line and doubles none, census included."""
    token = ingesting.token(Role.COMPANY_ADMIN, None, company_id)
    census = {"AppName": "A", "DeviceModel": "B", "OSName": "C", "OSVersion": "1", "UserLanguage": "EN-US"}
    ids = {"UserID": str(uuid.uuid4()), "Session ID": str(uuid.uuid4())}
    same_line = json.dumps({"census": {**census, **ids}})
    file = ingesting.write("again.ndjson", *approvals(3), same_line, same_line)
    assert ingesting.run(file, token).stdout == "accepted 5, duplicates 0, rejected 0\n"
    assert ingesting.run(file, token).stdout == "accepted 0, duplicates 5, rejected 0\n"


def test_lines_added_later_are_sent(ingesting: Ingesting, company_id: str) -> None:
    """A file that has grown is sent from where its beginning is known."""
    token = ingesting.token(Role.COMPANY_ADMIN, None, company_id)
    lines = approvals(5)
    file = ingesting.write("grows.ndjson", *lines[:3])
    ingesting.run(file, token)
    ingesting.write("grows.ndjson", *lines)
    assert ingesting.run(file, token).stdout == "accepted 2, duplicates 3, rejected 0\n"
