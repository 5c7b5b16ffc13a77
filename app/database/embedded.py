"""The embedded MongoDB: a real mongod of our own, for development, small installations and tests.

Promises a single-node replica set on a free loopback port with its data under the data folder, ready for writes when
`start` returns, ended with this process even when that is killed, and clean to start again after `kill -9`. Production
uses `MONGODB_URI` instead and never comes here. Anybody on this machine can reach the loopback port.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

from app.database.data_folder import DataFolder, DataFolderInUseError
from app.database.replica_set import REPLICA_SET, NotPrimaryError, ensure_primary
from app.database.tied_process import spawn_tied, stop

__all__ = ["DataFolderInUseError", "EmbeddedMongod", "MongodError", "find_mongod"]

START_SECONDS = 30.0
STOP_SECONDS = 15.0
PORT_ATTEMPTS = 3
LOG_MAX_BYTES = 16 * 1024 * 1024
MONGOD_PACKAGE = "fiftyone"


class MongodError(RuntimeError):
    """There is no mongod program, or it does not start."""


class EmbeddedMongod:
    """A running mongod that this process owns. Made by `EmbeddedMongod.start`."""

    def __init__(self, folder: DataFolder, program: str, options: list[str]) -> None:
        self._folder = folder
        self._program = program
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @classmethod
    def start(
        cls,
        data: Path,
        *,
        ttl_monitor_sleep_secs: int = 60,
        checkpoint_secs: int = 60,
        cache_gb: float = 0.25,
        mongod: str | None = None,
    ) -> Self:
        """Take the data folder and start mongod in it; blocks (about a second) until it is primary.

        The files of dropped collections are closed at a checkpoint: who makes and drops many wants them often.

        Raises:
            DataFolderInUseError: another process owns the folder; nothing was touched.
            MongodError: there is no mongod program, or it does not start (its log is `<data>/mongod.log`).
        """
        program = find_mongod(mongod)
        folder = DataFolder.take(data)
        options = _options(folder.path, ttl_monitor_sleep_secs, checkpoint_secs, cache_gb)
        embedded = cls(folder, program, options)
        try:
            embedded._run()
        except BaseException:
            embedded.stop()
            raise
        return embedded

    @property
    def uri(self) -> str:
        """Address for drivers; it names the replica set, so drivers wait for a primary while mongod restarts."""
        return _uri(self.port)

    @property
    def pid(self) -> int:
        """Process id of mongod; 0 when it was never started."""
        return self._process.pid if self._process else 0

    @property
    def is_running(self) -> bool:
        """Whether mongod lives right now."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop mongod cleanly and give the data folder back; safe to call twice."""
        self._end()
        self._folder.release()

    def kill(self) -> None:
        """End mongod as `kill -9` does, and keep the data folder; `restart` brings it back."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def restart(self) -> None:
        """Stop mongod if it runs and start it again on the same port where that is still free.

        Raises:
            MongodError: it does not start.
        """
        self._end()
        self._run()

    def _end(self) -> None:
        if self._process is not None:
            stop(self._process, STOP_SECONDS)

    def _run(self) -> None:
        data = self._folder.path
        (data / "mongod").mkdir(mode=0o700, exist_ok=True)
        failure: NotPrimaryError | None = None
        for _ in range(PORT_ATTEMPTS):
            self.port = _free_port(_remembered_port(data))
            try:
                self._run_once()
            except NotPrimaryError as error:
                self._end()
                failure = error
                # Only the loss of the port to somebody else in the meantime is worth another attempt.
                if not _is_taken(self.port):
                    break
            else:
                (data / "mongod.port").write_text(f"{self.port}\n", encoding="ascii")
                return
        raise MongodError(f"{failure}; its log is {data / 'mongod.log'}")

    def _run_once(self) -> None:
        log = self._folder.path / "mongod.log"
        if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
            log.replace(log.with_suffix(".log.1"))
        command = [self._program, "--port", str(self.port), *self._options]
        with log.open("ab") as output:
            # mongod inherits the folder's lock: it stays in use until mongod too has ended.
            self._process = spawn_tied(command, output=output, pass_fds=[self._folder.descriptor])
        ensure_primary(self.port, is_running=lambda: self.is_running, timeout_seconds=START_SECONDS)


def holds_database(data: Path) -> bool:
    """Return whether a mongod was ever started in this data folder; makes nothing."""
    return (data / "mongod" / "WiredTiger").is_file()


def remembered_uri(data: Path) -> str:
    """Return the address of the mongod that was started last in this data folder; it need not run."""
    return _uri(_remembered_port(data))


def _uri(port: int) -> str:
    return f"mongodb://127.0.0.1:{port}/?replicaSet={REPLICA_SET}"


def find_mongod(wanted: str | None = None, package: str = MONGOD_PACKAGE) -> str:
    """Give the absolute path of the mongod program: the one wanted, one on PATH, or the one of the Python package.

    Raises:
        MongodError: there is none.
    """
    if wanted:
        found = shutil.which(wanted)
        if not found:
            raise MongodError(f"{wanted} is not a program that can be run")
        return str(Path(found).resolve())
    return shutil.which("mongod") or _packaged_mongod(package)


def _packaged_mongod(package: str) -> str:
    spec = importlib.util.find_spec(package)  # finds a top-level package without running its code
    for place in spec.submodule_search_locations or () if spec else ():
        program = Path(place) / "db" / "bin" / "mongod"
        if program.is_file():
            if not os.access(program, os.X_OK):  # installers may drop the bit
                program.chmod(0o755)
            return str(program)
    raise MongodError("there is no mongod: install MongoDB, the optional packages 'embedded', or set MONGODB_URI")


def _options(data: Path, ttl_monitor_sleep_secs: int, checkpoint_secs: int, cache_gb: float) -> list[str]:
    parameters = {
        "ttlMonitorSleepSecs": ttl_monitor_sleep_secs,
        "diagnosticDataCollectionEnabled": "false",
        # A single node has nobody to hand over to, so it need not wait (15 s by default) when it is told to stop.
        "shutdownTimeoutMillisForSignaledShutdown": 100,
        # A worker that is killed leaves its transaction open; what it holds is free again after this (60 s by default).
        "transactionLifetimeLimitSeconds": 10,
        # Nobody reads the past here, so what is erased need not stay readable, nor its files open, for 5 minutes more.
        "minSnapshotHistoryWindowInSeconds": 5,
    }
    return [
        *("--dbpath", str(data / "mongod")),
        *("--replSet", REPLICA_SET),
        *("--bind_ip", "127.0.0.1", "--nounixsocket"),
        *("--wiredTigerCacheSizeGB", str(cache_gb)),
        # Rows that land all over their indexes (a request, a person) would else be written out again and again, each
        # time for a few of a page: at 300 000 events recording 100 more took mongod 8.6 ms without this, 4.8 with it.
        *("--wiredTigerEngineConfigString", "eviction_dirty_target=20,eviction_dirty_trigger=40"),
        *("--oplogSize", "256"),
        *("--syncdelay", str(checkpoint_secs)),
        # Slow operations would be logged with their values, which may be personal data.
        *("--slowms", "2147483647"),
        *(part for name, value in parameters.items() for part in ("--setParameter", f"{name}={value}")),
    ]


def _remembered_port(data: Path) -> int:
    try:
        return int((data / "mongod.port").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def _free_port(preferred: int) -> int:
    if preferred and not _is_taken(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
