"""Three real mongods that acknowledge nothing for the moment: what is not durable yet opens nothing."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymongo import MongoClient

from app.receipts.store import RECEIPTS
from auth.principal import Role
from tests.harness.people import AUTHENTICATED, save_people
from tests.harness.replica_set import ReplicaSet, running_replica_set
from tests.harness.system import running_system

MY_DATA = "{ myData }"


@contextmanager
def no_replication(replica_set: ReplicaSet) -> Iterator[None]:
    """Let the secondaries, which stay alive, fetch no writes for the length of the block."""
    secondaries = set(replica_set.processes) - {replica_set.primary()}
    try:
        _switch(secondaries, "alwaysOn")
        yield
    finally:
        _switch(secondaries, "off")


def _switch(ports: set[int], mode: str) -> None:
    for port in ports:
        with MongoClient[dict[str, object]]("127.0.0.1", port, directConnection=True) as client:
            client.admin.command("configureFailPoint", "stopReplProducer", mode=mode)


async def test_a_receipt_that_is_not_durable_yet_opens_no_copy(tmp_path: Path, data_folder: Path) -> None:
    """Who asks again while the first one's receipt may still be lost waits as they do, and gets no value."""
    with running_replica_set(tmp_path, "--setParameter", "enableTestCommands=1") as replica_set:
        async with running_system(replica_set.uri, data_folder) as system:
            await save_people(system)
            with no_replication(replica_set):
                first = asyncio.create_task(system.ask(MY_DATA, Role.USER))
                async with asyncio.timeout(5):
                    while not await system.services.database[RECEIPTS].find_one({}):  # noqa: ASYNC110 - told by nobody
                        await asyncio.sleep(0.02)
                replies = [await system.ask(MY_DATA, Role.USER), await first]
        assert [reply.codes for reply in replies] == [["UNAVAILABLE"]] * 2
        assert not any(AUTHENTICATED["name"] in json.dumps(reply.body) for reply in replies)
