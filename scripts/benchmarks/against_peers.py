"""Our server against what a user would pick instead: the same operations, data, machine, run and cores.

Server on one core; mongod and the load on the other; one warm-up a server, then rounds in turn. Nothing that is on by
default in production is off in ours; only the calls a minute are raised, since one caller sends them all.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app.clock import utc_now
from app.database.embedded import EmbeddedMongod
from app.settings import Settings
from auth.development import DevelopmentIssuer
from auth.principal import Role
from scripts.benchmarks.dataset import (
    OPENED_USER,
    company_id,
    events_for_ours,
    events_for_peers,
    fill_ours,
    fill_peers,
    user_id,
)
from scripts.benchmarks.load import Round, pin_running, pinned, run_round, write_script
from scripts.commands.exits import ROOT, Exit, fail
from scripts.commands.server import await_ready, start_server

SERVER_CORE, LOAD_CORE = 0, 1
PEERS = Path(__file__).parent / "peers"
OURS, NODE, PLAIN = "ours", "Mercurius + JIT", "plain Strawberry"
PORTS = {OURS: 8471, NODE: 8472, PLAIN: 8473}

OPEN_FIELDS = "id kind firstSeenAt lastSeenAt"
OUR_OPEN = (
    f"{OPEN_FIELDS} profile {{ ... on AuthenticatedProfile {{ userId customerId msLocale license msIsTenantAdmin }} }}"
)
OUR_TWO = f"{OPEN_FIELDS} profile {{ ... on AuthenticatedProfile {{ userId msLocale license name msEmail }} }}"
PEER_OPEN = f"{OPEN_FIELDS} userId customerId msLocale license msIsTenantAdmin"
PEER_TWO = f"{OPEN_FIELDS} userId msLocale license msUpn msTenantId"
OUR_ERROR = (
    "id code message device { appVersion osName osVersion model } occurredAt sessionId network { effectiveType }"
)
PEER_ERROR = "id code message appVersion osName osVersion model occurredAt sessionId network"
RECORD = "mutation R($e: [EventInput!]!) { recordEvents(events: $e) { accepted } }"

GOALS = {
    "profile, 9 open fields": {NODE: 2.0, PLAIN: 12.0},
    "profile, 2 of 9 restricted": {},
    "100 error reports x 10": {NODE: 1.3, PLAIN: 9.0},
    "100 events recorded": {NODE: 0.8, PLAIN: 6.0},
}


@dataclass(slots=True)
class Bench:
    """One run: what is asked of whom, and what came of it."""

    folder: Path
    seconds: int
    rounds: int
    connections: int
    results: dict[tuple[str, str], list[Round]] = field(default_factory=dict)

    def measure(self, operation: str, bodies: Mapping[str, tuple[object, str]]) -> None:
        """Measure one operation on each server, in turn, after a warm-up each."""
        scripts = {
            name: write_script(self.folder / f"{PORTS[name]}.lua", body, token)
            for name, (body, token) in bodies.items()
        }
        with Progress(transient=True, console=Console(stderr=True)) as progress:
            task = progress.add_task(operation, total=len(scripts) * (self.rounds + 1))
            for number in range(self.rounds + 1):
                for name, script in scripts.items():
                    url = f"http://127.0.0.1:{PORTS[name]}/graphql{'/' if name == PLAIN else ''}"
                    seconds = self.seconds if number else 2
                    found = run_round(script, url, seconds=seconds, connections=self.connections, core=LOAD_CORE)
                    if found.failures:
                        fail(Exit.FAILED, f"{name}: {found.failures} failed requests in {operation}")
                    Console(stderr=True).print(f"{operation}: {name}: {found.per_second:.0f}/s")
                    if number:
                        self.results.setdefault((operation, name), []).append(found)
                    progress.advance(task)

    def ratios(self, operation: str, peer: str) -> list[float]:
        """Return ours / theirs of each round, in order of size."""
        pairs = zip(self.results[operation, OURS], self.results.get((operation, peer), []), strict=False)
        return sorted(mine.per_second / theirs.per_second for mine, theirs in pairs)


def main(arguments: list[str]) -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(prog="scripts/bench against_peers", description=__doc__)
    parser.add_argument("--seconds", type=int, default=6, help="length of a round (default 6)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the warm-up (default 5)")
    parser.add_argument("--connections", type=int, default=16, help="connections (default 16)")
    parser.add_argument("--only", action="append", choices=list(GOALS), help="only these operations")
    options = parser.parse_args(arguments)
    if not shutil.which("wrk"):
        fail(Exit.MISSING_REQUIREMENT, "wrk is needed (Debian's package `wrk`)")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        bench = Bench(folder, options.seconds, options.rounds, options.connections)
        servers = start_all(folder, stack)
        for operation in options.only or GOALS:
            bench.measure(operation, bodies_for(operation, folder, servers))
        print_tables(bench, options.only or list(GOALS), servers)
    return Exit.OK


def start_all(folder: Path, stack: ExitStack, *, peers: bool = True) -> dict[str, psutil.Process]:
    """Start mongod, ours and the peers that this machine can run, with data; return the servers' processes."""
    mongod = EmbeddedMongod.start(folder, cache_gb=1)
    stack.callback(mongod.stop)
    pin_running(psutil.Process(mongod.pid), LOAD_CORE)
    settings = Settings(mongodb_uri=mongod.uri, data_dir=folder)
    Console(stderr=True).print("filling the databases")
    fill_peers(mongod.uri)
    asyncio.run(fill_ours(settings))
    DevelopmentIssuer(folder)
    servers = {OURS: _start_ours(folder, mongod.uri, stack)}
    if peers:
        servers[PLAIN] = _start_plain(folder, mongod.uri, stack)
    if peers and shutil.which("node"):
        servers[NODE] = _start_node(folder, mongod.uri, stack)
    _take_request(folder)
    return servers


def _start_ours(folder: Path, uri: str, stack: ExitStack) -> psutil.Process:
    environment = {
        **os.environ,
        "MONGODB_URI": uri,
        "DATA_DIR": str(folder),
        "CALLS_PER_MINUTE": "100000000",
        "ENVIRONMENT": "development",
    }
    log = stack.enter_context((folder / "ours.log").open("wb"))
    started = time.monotonic()
    server = start_server("127.0.0.1", PORTS[OURS], 1, environment, output=log)
    stack.callback(_stop, server)
    psutil.Process(server.pid).cpu_affinity([SERVER_CORE])
    await_ready(server, "127.0.0.1", PORTS[OURS])
    Console(stderr=True).print(f"ours: {time.monotonic() - started:.2f} s from its start to its first answer")
    return psutil.Process(server.pid)


def _start_plain(folder: Path, uri: str, stack: ExitStack) -> psutil.Process:
    options = ["--app-dir", str(PEERS), "--port", str(PORTS[PLAIN]), "--no-access-log", "--log-level", "error"]
    command = [sys.executable, "-m", "uvicorn", "plain_strawberry:app", *options]
    return _start_peer(PLAIN, command, folder, uri, stack)


def _start_node(folder: Path, uri: str, stack: ExitStack) -> psutil.Process:
    if not (PEERS / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=PEERS, check=True)
    return _start_peer(NODE, ["node", str(PEERS / "mercurius.mjs")], folder, uri, stack)


def _start_peer(name: str, command: list[str], folder: Path, uri: str, stack: ExitStack) -> psutil.Process:
    key = folder / "public.pem"
    key.write_text(public_pem(folder))
    environment = {**os.environ, "MONGO": uri, "PUBLIC_KEY": str(key), "PORT": str(PORTS[name])}
    server = subprocess.Popen(pinned(SERVER_CORE, command), cwd=ROOT, env=environment)
    stack.callback(_stop, server)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{PORTS[name]}/ready")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return psutil.Process(server.pid)
    message = f"{name} did not start"
    raise RuntimeError(message)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    server.wait(timeout=20)


def public_pem(folder: Path) -> str:
    """Return the development issuer's public key."""
    done = subprocess.run(
        ["openssl", "pkey", "-in", str(folder / "keys" / "development.pem"), "-pubout"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def token_for(folder: Path, role: Role, company: int = 0) -> str:
    """Return a token of the development issuer."""
    if role is Role.SUPPORT:
        return DevelopmentIssuer(folder).sign(role)
    return DevelopmentIssuer(folder).sign(role, user_id(company), company_id(company))


def _take_request(folder: Path) -> None:
    """Let the bench's agent take a request about the one user whom it opens."""

    def ask(token: str, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        answer = httpx.post(
            f"http://127.0.0.1:{PORTS[OURS]}/graphql", json=body, headers={"Authorization": f"Bearer {token}"}
        ).json()
        if answer.get("errors"):
            fail(Exit.FAILED, f"the support request could not be made: {answer['errors'][0]['message']}")
        data: dict[str, Any] = answer["data"]
        return data

    agent = token_for(folder, Role.SUPPORT)
    opening = "mutation($i: OpenSupportRequestInput!) { openSupportRequest(input: $i) { id } }"
    given = {"reason": "bench", "ticket": "B-1", "subject": {"userId": user_id(OPENED_USER)}}
    request = ask(agent, opening, {"i": given})["openSupportRequest"]["id"]
    ask(agent, "mutation($id: ID!) { takeSupportRequest(id: $id) { status } }", {"id": request})


def bodies_for(operation: str, folder: Path, servers: Mapping[str, object]) -> dict[str, tuple[object, str]]:
    """Return the request body and the token of each server for an operation."""
    agent, admin = token_for(folder, Role.SUPPORT), token_for(folder, Role.COMPANY_ADMIN, 7)
    now = utc_now()
    match operation.split(",", maxsplit=1)[0]:
        case "profile":
            mine, theirs = (OUR_OPEN, PEER_OPEN) if "open" in operation else (OUR_TWO, PEER_TWO)
            variables = {"id": user_id(OPENED_USER)}
            query = "query P($id: ID!) {{ user(id: $id) {{ {} }} }}"
            ours, peer = query.format(mine), query.format(theirs)
            return _bodies(servers, (ours, variables, agent), (peer, variables, agent))
        case "100 error reports x 10":
            ours = f"query E {{ errors(first: 100) {{ nodes {{ {OUR_ERROR} }} }} }}"
            peer = f"query E($c: ID!) {{ errors(companyId: $c, first: 100) {{ {PEER_ERROR} }} }}"
            return _bodies(servers, (ours, {}, admin), (peer, {"c": company_id(7)}, agent))
        case _:
            ours_events, peer_events = events_for_ours(now), events_for_peers(now)
            return _bodies(servers, (RECORD, {"e": ours_events}, admin), (RECORD, {"e": peer_events}, agent))


Asked = tuple[str, dict[str, Any], str]


def _bodies(servers: Mapping[str, object], ours: Asked, peer: Asked) -> dict[str, tuple[object, str]]:
    chosen = {name: ours if name == OURS else peer for name in servers}
    return {name: ({"query": query, "variables": given}, token) for name, (query, given, token) in chosen.items()}


def print_tables(bench: Bench, operations: list[str], servers: Mapping[str, psutil.Process]) -> None:
    """Print ratios (minimum, median, maximum), requests a second, latencies and memory."""
    table = Table("operation", "server", "requests/s", "p50 ms", "p99 ms", "ours / theirs (min, median, max)", "goal")
    for operation in operations:
        for name in (OURS, NODE, PLAIN):
            rounds = bench.results.get((operation, name))
            if rounds:
                table.add_row(*_cells(bench, operation, name, rounds))
    console = Console(width=140)
    console.print(table)
    for name, process in servers.items():
        console.print(f"{name}: {process.memory_info().rss / 2**20:.0f} MiB resident")


def _cells(bench: Bench, operation: str, name: str, rounds: list[Round]) -> list[str]:
    middle = [statistics.median(getattr(found, part) for found in rounds) for part in ("per_second", "p50", "p99")]
    ratios = bench.ratios(operation, name) if name != OURS else []
    shown = f"{ratios[0]:.2f}  {statistics.median(ratios):.2f}  {ratios[-1]:.2f}" if ratios else ""
    goal = GOALS[operation].get(name)
    return [
        operation,
        name,
        f"{middle[0]:.0f}",
        f"{middle[1]:.2f}",
        f"{middle[2]:.2f}",
        shown,
        f"{goal}" if goal else "",
    ]
