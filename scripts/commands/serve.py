"""scripts/serve: MongoDB, demo data, explorer and API with one command, and their common end.

Promises that a second start on the same data folder or port changes nothing, that settings which may not start (in
production: no MongoDB, issuers or key of its own) are refused before anything starts, that a mongod that dies is
started again, and that nothing started here outlives this process.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from app.database.data_folder import DataFolder
from app.database.embedded import DataFolderInUseError, EmbeddedMongod, MongodError
from app.database.tied_process import stop
from app.settings import Settings, SettingsError
from auth.issuers import IssuerConfigError, issuers_from_json
from scripts.commands.exits import ROOT, Exit, fail, say
from scripts.commands.explorer import ensure_explorer
from scripts.commands.server import STOP_SECONDS, await_ready, reachable, refuse_taken_port, start_server
from scripts.commands.storage import add_data_option, data_folder
from scripts.commands.welcome import welcome

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WATCH_SECONDS = 0.2
RESTARTS_MAX = 5
RESTARTS_WINDOW_SECONDS = 60.0


class StopRequestedError(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal; not an Exception, so that nothing on the way takes it for a failure."""


def main() -> int:
    """Run the command."""
    options = _parse()
    for name in STOP_SIGNALS:
        if name is not signal.SIGHUP or signal.getsignal(name) is not signal.SIG_IGN:  # nohup stays in force
            signal.signal(name, _request_stop)
    try:
        with ExitStack() as stack:
            _serve(options, stack)
    except StopRequestedError:
        say("stopped")
    except DataFolderInUseError as error:
        fail(Exit.DATA_FOLDER_IN_USE, str(error))
    except MongodError as error:
        fail(Exit.NO_MONGOD, str(error))
    return Exit.OK


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/serve",
        description="Start the API with its own MongoDB and the explorer. With MONGODB_URI set no MongoDB is started.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default 8000)")
    add_data_option(parser)
    parser.add_argument("--workers", type=int, default=1, help="server processes (default 1)")
    parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")
    options = parser.parse_args()
    if not 0 < options.port < 1 << 16:
        parser.error("argument --port: expected 1 to 65535")
    if options.workers < 1:
        parser.error("argument --workers: expected 1 or more")
    return options


def _request_stop(_signal: int, _frame: FrameType | None) -> None:
    for name in STOP_SIGNALS:
        signal.signal(name, signal.SIG_IGN)  # once is enough; a second one must not disturb the orderly end
    raise StopRequestedError


def _serve(options: argparse.Namespace, stack: ExitStack) -> None:
    is_development = _read_settings().has_development_issuer
    refuse_taken_port(options.host, options.port)
    data = data_folder(options.data)
    environment = {**os.environ, "DATA_DIR": str(data)}
    mongod = _take_data(data, environment, stack)
    has_explorer = ensure_explorer()
    if is_development and not options.no_demo:
        _load_demo(environment)
    server = start_server(options.host, options.port, options.workers, environment)
    stack.callback(stop, server, STOP_SECONDS)
    await_ready(server, options.host, options.port)
    url = f"http://{reachable(options.host)}:{options.port}"
    has_demo = is_development and not options.no_demo
    text = welcome(url, data, has_explorer=has_explorer, is_development=is_development, has_demo=has_demo)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    _watch(server, mongod)


def _read_settings() -> Settings:
    """Return the settings that the server will read, or end the command; one line says why."""
    try:
        settings = Settings.from_env()
        issuers_from_json(settings.jwt_issuers)
    except (SettingsError, IssuerConfigError) as error:
        fail(Exit.REFUSED if os.environ.get("ENVIRONMENT") == "production" else Exit.USAGE, str(error))
    return settings


def _take_data(data: Path, environment: dict[str, str], stack: ExitStack) -> EmbeddedMongod | None:
    """Own the data folder, and run mongod in it unless there is another MongoDB to use."""
    if environment.get("MONGODB_URI"):
        stack.callback(DataFolder.take(data).release)
        return None
    mongod = EmbeddedMongod.start(data)
    stack.callback(mongod.stop)
    environment["MONGODB_URI"] = mongod.uri
    return mongod


def _load_demo(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "scripts.commands.demo", "--if-empty"]
    if subprocess.run(command, cwd=ROOT, env=environment, stdout=2, check=False).returncode:
        say("demo data: could not be loaded, see above; going on without it (--no-demo leaves it out)")


def _watch(server: subprocess.Popen[bytes], mongod: EmbeddedMongod | None) -> None:
    """Stay until the server ends; start a mongod that died again, but not without end."""
    uri = mongod.uri if mongod is not None else ""
    restarts: deque[float] = deque(maxlen=RESTARTS_MAX)
    pause = threading.Event()
    while server.poll() is None:
        if mongod is not None and not mongod.is_running:
            now = time.monotonic()
            if len(restarts) == RESTARTS_MAX and now - restarts[0] < RESTARTS_WINDOW_SECONDS:
                raise MongodError(f"mongod ended {RESTARTS_MAX} times within {RESTARTS_WINDOW_SECONDS:.0f} s")
            restarts.append(now)
            say("mongod ended unexpectedly, starting it again")
            mongod.restart()
            if mongod.uri != uri:
                raise MongodError("the port of mongod was taken by another program; start again")
        pause.wait(WATCH_SECONDS)
    fail(Exit.NO_API, f"the API server ended (code {server.returncode})")


if __name__ == "__main__":
    sys.exit(main())
