"""A really running server in a process of its own: uvicorn on a free port, demo data loaded."""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from scripts.commands.server import MALLOC, server_command

ROOT = Path(__file__).parents[2]
START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class LiveServer:
    """Where it listens, and its process."""

    url: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes]


@contextmanager
def live_server_process(mongodb_uri: str, data: Path, *, demo: bool = True, **settings: str) -> Iterator[LiveServer]:
    """Run a server for the length of the block on a database of its own."""
    environment = {
        **os.environ,
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": f"live_{uuid.uuid4().hex[:12]}",
        "DATA_DIR": str(data),
        "ENVIRONMENT": "development",
        "CALLS_PER_MINUTE": "1000000",
        "ANONYMOUS_CALLS_PER_MINUTE": "1000000",
        "LOG_LEVEL": "warning",
        **settings,
    }
    if demo:
        command = [sys.executable, "-m", "scripts.commands.demo", "--if-empty"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    port = free_port()
    process = subprocess.Popen(server_command("127.0.0.1", port, 1), cwd=ROOT, env={**MALLOC, **environment})
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process)
        yield LiveServer(url, environment, process)
    finally:
        process.terminate()
        process.wait(timeout=20)


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return once the server answers /ready; raises if it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/ready", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.02)  # polls a process of its own: there is no event to wait for
    message = "the server did not become ready"
    raise RuntimeError(message)
