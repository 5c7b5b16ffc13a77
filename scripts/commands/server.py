"""The API server as a child process: its command line, its readiness, its end."""

import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import IO

from app.database.tied_process import spawn_tied
from scripts.commands.exits import ROOT, Exit, fail

READY_SECONDS = 60.0
STOP_SECONDS = 10
POLL_SECONDS = 0.05
HTTP_OK = 200


def refuse_taken_port(host: str, port: int) -> None:
    """End the command, before anything was started, when another program listens there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        fail(Exit.PORT_IN_USE, f"cannot listen on {host}:{port} ({error.strerror}); stop what does or choose --port")


def start_server(
    host: str, port: int, workers: int, environment: Mapping[str, str], output: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start uvicorn, tied to this process, and give it at once; `output` takes what it writes."""
    options = [
        *("--factory", "--host", host, "--port", str(port), "--workers", str(workers)),
        *("--loop", "uvloop", "--http", "httptools", "--ws", "websockets-sansio"),
        # Access lines would keep callers' addresses; the app writes its own lines without them.
        *("--no-access-log", "--no-server-header", "--log-level", "warning"),
        *("--timeout-graceful-shutdown", str(STOP_SECONDS // 2)),
    ]
    command = [sys.executable, "-m", "uvicorn", "app.main:create_app", *options]
    return spawn_tied(command, env=environment, cwd=ROOT, output=output)


def await_ready(server: subprocess.Popen[bytes], host: str, port: int) -> None:
    """Return when GET /ready answers 200; end the command when the server ends or takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    while not _is_ready(host, port):
        if server.poll() is not None:
            fail(Exit.NO_API, f"the API server ended at its start (code {server.returncode}); its lines above say why")
        if time.monotonic() > deadline:
            fail(Exit.NO_API, f"the API server was not ready after {READY_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def reachable(host: str) -> str:
    """Give the address to reach a server that listens on `host` from this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _is_ready(host: str, port: int) -> bool:
    connection = HTTPConnection(reachable(host), port, timeout=5)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == HTTP_OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
