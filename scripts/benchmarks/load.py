"""The load of a measurement: wrk on a core of its own, one connection pool, and what it reports."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
import psutil

UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
ID_PLACE = "@ROUND@"  # another text in each request
HEX_PLACE = "@HEX@"  # eight hexadecimal digits, others in each request


@dataclass(frozen=True, slots=True)
class Round:
    """One round: requests a second, and latencies in milliseconds."""

    per_second: float
    p50: float
    p99: float
    failures: int


def write_script(path: Path, body: object, token: str) -> Path:
    """Write the wrk script that posts `body` as JSON; its places for ids differ in each request."""
    text = orjson.dumps(body).decode()
    lines = [
        'wrk.method = "POST"',
        'wrk.headers["Content-Type"] = "application/json"',
        f'wrk.headers["Authorization"] = "Bearer {token}"',
        f"local body = [==[{text}]==]",
    ]
    if ID_PLACE in text:
        lines += [
            "local count, start = 0, os.time()",
            "request = function()",
            "  count = count + 1",
            f'  local sent = body:gsub("{ID_PLACE}", start .. "-" .. count .. "-")',
            '  local hex = string.format("%08X", start % 65536 * 65536 + count)',
            f'  return wrk.format(nil, nil, nil, (sent:gsub("{HEX_PLACE}", hex)))',
            "end",
        ]
    else:
        lines.append("wrk.body = body")
    lines += [
        "done = function(summary, latency)",
        "  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status",
        '  io.write(string.format("FAILURES %d\\n", failed + summary.errors.timeout))',
        "end",
    ]
    path.write_text("\n".join(lines))
    return path


def run_round(script: Path, url: str, *, seconds: int, connections: int, core: int) -> Round:
    """Load `url` for some seconds from one pinned core."""
    command = pinned(core, ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url])
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Round(
        per_second=float(_find(r"Requests/sec:\s+([\d.]+)", out)),
        p50=_to_ms(_find(r"\n +50% +(\S+)", out)),
        p99=_to_ms(_find(r"\n +99% +(\S+)", out)),
        failures=int(_find(r"FAILURES (\d+)", out)),
    )


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """Return the command, bound to one core where the machine lets us."""
    return ["taskset", "-c", str(core), *command] if shutil.which("taskset") else list(command)


def pin_running(process: psutil.Process, core: int) -> None:
    """Bind a running process to one core, all of its threads: those that it makes later inherit it from them."""
    for thread in process.threads():
        with suppress(psutil.NoSuchProcess):  # it ended meanwhile
            psutil.Process(thread.id).cpu_affinity([core])


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        message = f"wrk said nothing like {pattern!r}"
        raise RuntimeError(message)
    return found[1]


def _to_ms(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    if found is None:
        message = f"wrk measured no latency ({text}): nothing was answered"
        raise RuntimeError(message)
    return float(found[1]) * UNITS[found[2]]
