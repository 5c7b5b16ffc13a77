"""The embedded mongod keeps its promises: one owner, durable data, no orphan, clean restarts."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pymongo import MongoClient, WriteConcern

from app.database.data_folder import DataFolder
from app.database.embedded import (
    DataFolderInUseError,
    EmbeddedMongod,
    MongodError,
    find_mongod,
    holds_database,
    remembered_uri,
)

ROOT = Path(__file__).parents[3]
OWNER = """
import sys, threading
from pathlib import Path
from app.database.embedded import EmbeddedMongod
started = []
thread = threading.Thread(target=lambda: started.append(EmbeddedMongod.start(Path(sys.argv[1]))))
thread.start()
thread.join()  # the thread that started mongod is gone, the process is not
print(started[0].pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def mongod(tmp_path: Path) -> Iterator[EmbeddedMongod]:
    """Run a mongod of the test's own, since these tests kill it."""
    running = EmbeddedMongod.start(tmp_path / "data")
    yield running
    running.stop()


def write(uri: str, number: int) -> None:
    """Insert one durable document."""
    with MongoClient[dict[str, int]](uri) as client:
        durable = client.test.get_collection("notes", write_concern=WriteConcern("majority", j=True))
        durable.insert_one({"number": number})


def read(uri: str) -> list[int]:
    """Give the numbers written so far."""
    with MongoClient[dict[str, int]](uri) as client:
        return sorted(note["number"] for note in client.test.notes.find())


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """Start a process that owns an embedded mongod, and give both."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [sys.executable, "-c", OWNER, str(tmp_path / "data")]
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:  # type: ignore[call-overload]
        yield process, psutil.Process(int(process.stdout.readline()))
        process.kill()


def test_mongod_is_a_primary_that_runs_transactions(mongod: EmbeddedMongod) -> None:
    """`start` returns a replica set member that takes writes, transactions included."""
    with MongoClient[dict[str, int]](mongod.uri) as client, client.start_session() as session:
        with session.start_transaction():
            client.test.notes.insert_one({"number": 1}, session=session)
        assert client.admin.command("hello")["isWritablePrimary"]
    assert read(mongod.uri) == [1]


def test_mongod_listens_on_loopback_only(mongod: EmbeddedMongod) -> None:
    """Nobody outside of this machine reaches the embedded database."""
    sockets = [c for c in psutil.Process(mongod.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert [(c.laddr.ip, c.laddr.port) for c in sockets] == [("127.0.0.1", mongod.port)]


def test_second_start_is_refused_and_harms_nothing(mongod: EmbeddedMongod, tmp_path: Path) -> None:
    """A data folder has one owner; the error names its process and the first mongod goes on."""
    write(mongod.uri, 1)
    with pytest.raises(DataFolderInUseError, match=f"in use by process {os.getpid()}") as refusal:
        EmbeddedMongod.start(tmp_path / "data")
    assert refusal.value.pid == os.getpid()
    assert read(mongod.uri) == [1]


def test_restart_after_kill_keeps_the_data(mongod: EmbeddedMongod) -> None:
    """What was acknowledged before `kill -9` is there after the restart."""
    write(mongod.uri, 1)
    mongod.kill()
    assert not mongod.is_running
    mongod.restart()
    assert read(mongod.uri) == [1]


def test_data_survives_on_another_port(mongod: EmbeddedMongod, tmp_path: Path) -> None:
    """A folder whose port was lost to another program is served on a new one."""
    write(mongod.uri, 1)
    mongod.stop()
    (tmp_path / "data" / "mongod.port").unlink()
    again = EmbeddedMongod.start(tmp_path / "data")
    try:
        assert again.port != mongod.port
        assert read(again.uri) == [1]
    finally:
        again.stop()


def test_mongod_dies_with_its_killed_parent(
    owner: tuple[subprocess.Popen[str], psutil.Process], tmp_path: Path
) -> None:
    """`kill -9` of the owner ends mongod too, and the folder can be taken at once."""
    process, child = owner
    process.send_signal(signal.SIGKILL)
    process.wait()
    DataFolder.take(tmp_path / "data").release()
    child.wait(timeout=10)
    assert not child.is_running()


def test_mongod_outlives_the_thread_that_started_it(owner: tuple[subprocess.Popen[str], psutil.Process]) -> None:
    """The tie is to the process: the end of the starting thread does not stop mongod."""
    _, child = owner
    with pytest.raises(psutil.TimeoutExpired):
        child.wait(timeout=0.5)


def test_data_folder_is_private(mongod: EmbeddedMongod, tmp_path: Path) -> None:
    """Other accounts of this machine cannot read the data folder."""
    assert mongod.is_running
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_program_that_is_no_mongod_gives_a_clear_error(tmp_path: Path) -> None:
    """A mongod that ends at once is reported with its log, and the folder is given back."""
    with pytest.raises(MongodError, match=r"mongod\.log"):
        EmbeddedMongod.start(tmp_path / "data", mongod="false")
    DataFolder.take(tmp_path / "data").release()


def test_missing_mongod_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any mongod the error names the ways to get one."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MongodError, match="MONGODB_URI"):
        find_mongod(package="no_such_package")
    with pytest.raises(MongodError, match="no-such-mongod"):
        find_mongod("no-such-mongod")


def test_a_folder_tells_whether_it_holds_a_database(mongod: EmbeddedMongod, tmp_path: Path) -> None:
    """Whether that runs or not; asking makes nothing."""
    data, other = tmp_path / "data", tmp_path / "other"
    assert (holds_database(data), remembered_uri(data)) == (True, mongod.uri)
    mongod.stop()
    assert (holds_database(data), holds_database(other), other.exists()) == (True, False, False)
