"""A replica set of real mongods, three as production has it, of which a test may kill the primary."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from app.database.embedded import find_mongod
from app.database.tied_process import spawn_tied
from tests.harness.live import free_port

NAME = "three"
MEMBERS = 3
SETTINGS = {"electionTimeoutMillis": 1_000, "heartbeatIntervalMillis": 500}


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """Its address for drivers, and its processes by port."""

    uri: str
    processes: dict[int, subprocess.Popen[bytes]]

    def primary(self) -> int:
        """Return the port of the member that takes writes; waits for one."""
        with MongoClient[dict[str, Any]](self.uri) as client:
            client.admin.command("ping")
            assert client.primary is not None
            return client.primary[1]

    def kill_primary(self) -> int:
        """End the primary as `kill -9` does; returns its port."""
        port = self.primary()
        self.processes[port].kill()
        self.processes[port].wait()
        return port


@contextmanager
def running_replica_set(folder: Path, *options: str, members: int = MEMBERS) -> Iterator[ReplicaSet]:
    """Run one for the length of the block; `options` are of mongod."""
    processes: dict[int, subprocess.Popen[bytes]] = {}
    try:
        for number in range(members):
            port, data = free_port(), folder / f"member{number}"
            data.mkdir()
            command = [find_mongod(), "--port", str(port), "--dbpath", str(data), "--replSet", NAME]
            command += ["--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", *options]
            with (folder / f"member{number}.log").open("wb") as output:
                processes[port] = spawn_tied(command, output=output, pass_fds=[])
        for port in processes:  # the set is refused where one of them does not listen yet
            with MongoClient[dict[str, Any]]("127.0.0.1", port, directConnection=True) as client:
                client.admin.command("ping")
        hosts = [f"127.0.0.1:{port}" for port in processes]
        configuration = {"_id": NAME, "members": [{"_id": number, "host": host} for number, host in enumerate(hosts)]}
        with MongoClient[dict[str, Any]]("127.0.0.1", next(iter(processes)), directConnection=True) as client:
            client.admin.command("replSetInitiate", {**configuration, "settings": SETTINGS})
        uri = f"mongodb://{','.join(hosts)}/?replicaSet={NAME}&heartbeatFrequencyMS=500"
        with MongoClient[dict[str, Any]](uri) as client:
            client.admin.command("ping")  # waits for a primary
        yield ReplicaSet(uri, processes)
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
