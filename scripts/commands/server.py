"""The API server as a child process: its command line, its readiness, its end."""

import resource
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import IO

from app.database.tied_process import spawn_tied
from scripts.commands.exits import ROOT, Exit, fail

READY_SECONDS = 60.0
FINISH_SECONDS = 10  # an operation's time budget: what runs when the server is stopped is finished
STOP_SECONDS = FINISH_SECONDS + 2
OPEN_FILES_MAX = 65_536
CONNECTIONS_MAX = 4_000  # a worker; more are answered 503
WEBSOCKET_MESSAGE_MAX_BYTES = 131_072
# glibc keeps freed bodies for itself unless large blocks are mapped: after 100 uploads 104 MB stayed instead of 124.
MALLOC = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "131072"}
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
    allow_many_connections()
    command = server_command(host, port, workers)
    return spawn_tied(command, env={**MALLOC, **environment}, cwd=ROOT, output=output)


def server_command(host: str, port: int, workers: int) -> list[str]:
    """Return the server's command line, the same for people and for tests."""
    options = [
        *("--factory", "--host", host, "--port", str(port), "--workers", str(workers)),
        *("--loop", "uvloop", "--http", "app.http.protocol:BoundedProtocol"),
        *("--timeout-keep-alive", "5", "--limit-concurrency", str(CONNECTIONS_MAX), "--backlog", "2048"),
        *("--ws", "websockets-sansio", "--ws-max-size", str(WEBSOCKET_MESSAGE_MAX_BYTES)),
        *("--ws-per-message-deflate", "false"),  # saves memory per connection, and no message can be a bomb
        # Access lines would keep callers' addresses; the app writes its own lines without them.
        *("--no-access-log", "--no-server-header", "--no-proxy-headers", "--log-level", "warning"),
        *("--timeout-graceful-shutdown", str(FINISH_SECONDS)),
    ]
    return [sys.executable, "-m", "uvicorn", "app.main:create_app", *options]


def allow_many_connections() -> None:
    """Raise this process's limit of open files, and so its children's: each connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES_MAX)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        with suppress(ValueError, OSError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


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
