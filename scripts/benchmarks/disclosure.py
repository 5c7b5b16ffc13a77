"""What opening sealed fields costs: a support profile with 6 of them opened, against the same query on open fields.

The real server on one core, mongod and the load (wrk) on the other, in turns, so that both feel the same machine. Each
opened answer has its receipt written before it leaves. The goal is for the time that an answer costs the server, hence
for requests a second with many callers; the latency of a single caller is printed beside.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psutil
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from app.clock import utc_now
from app.database.embedded import EmbeddedMongod
from app.database.tied_process import stop
from app.main import build_services, close_services, prepare_services
from app.settings import Settings
from app.support.subjects import SubjectAsked
from auth.development import DevelopmentIssuer, demo_company_id, demo_user_id
from auth.principal import Principal, Role
from graphql_schema.context import Services
from scripts.benchmarks.load import Round, pin_running, run_round, write_script
from scripts.commands.exits import Exit, fail
from scripts.commands.server import STOP_SECONDS, await_ready, start_server

GOAL = 2.5
CROWD_CALLERS = 2  # 100 people an answer: each is a crowd already
PORT = 8474
SERVER_CORE, LOAD_CORE = 0, 1
PEOPLE = 100
COMPANY = demo_company_id(0)
PERSON = demo_user_id(0, 0)
AGENT = Principal("development|demo-support", frozenset({Role.SUPPORT}))

ON = "... on AuthenticatedProfile"
OPEN = f"{{ profile {{ {ON} {{ userId customerId msLocale license msIsTenantAdmin }} }} company {{ license }} }}"
SEALED = f"{{ profile {{ {ON} {{ intercomId intercomEmail msEmail tld name }} }} company {{ companyName }} }}"
QUERIES = {
    "one profile, 6 open fields": f'{{ user(id: "{PERSON}") {OPEN} }}',
    "one profile, 6 sealed fields": f'{{ user(id: "{PERSON}") {SEALED} }}',
    "100 people, 6 open fields": f"{{ users(first: 100) {{ nodes {OPEN} }} }}",
    "100 people, 6 sealed fields": f"{{ users(first: 100) {{ nodes {SEALED} }} }}",
}
PAIRS = (
    ("one profile, 6 open fields", "one profile, 6 sealed fields"),
    ("100 people, 6 open fields", "100 people, 6 sealed fields"),
)


def main(arguments: list[str]) -> int:
    """Run the measurement; 1 where the goal is missed."""
    parser = argparse.ArgumentParser(prog="scripts/bench disclosure", description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="length of a round (default 5)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the warm-up (default 5)")
    parser.add_argument("--connections", type=int, default=64, help="callers at a time (default 64)")
    options = parser.parse_args(arguments)
    if not shutil.which("wrk"):
        fail(Exit.MISSING_REQUIREMENT, "wrk is needed (Debian's package `wrk`)")
    found: dict[tuple[str, bool], list[Round]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="disclosure-bench-")))
        _start(folder, stack)
        token = DevelopmentIssuer(folder).sign(Role.SUPPORT)
        url = f"http://127.0.0.1:{PORT}/graphql"
        scripts = {
            name: write_script(folder / f"{place}.lua", {"query": query}, token)
            for place, (name, query) in enumerate(QUERIES.items())
        }
        for number in range(options.rounds + 1):
            for name, script in scripts.items():
                for callers in (1, options.connections if name.startswith("one") else CROWD_CALLERS):
                    seconds = options.seconds if number else 2
                    done = run_round(script, url, seconds=seconds, connections=callers, core=LOAD_CORE)
                    if done.failures:
                        fail(Exit.FAILED, f"{done.failures} failed requests in {name}")
                    if number:
                        found.setdefault((name, callers > 1), []).append(done)
    return _report(found)


def _start(folder: Path, stack: ExitStack) -> None:
    mongod = EmbeddedMongod.start(folder)
    stack.callback(mongod.stop)
    pin_running(psutil.Process(mongod.pid), LOAD_CORE)
    asyncio.run(_prepare(Settings(mongodb_uri=SecretStr(mongod.uri), data_dir=folder)))
    environment = {**os.environ, "MONGODB_URI": mongod.uri, "DATA_DIR": str(folder), "CALLS_PER_MINUTE": "100000000"}
    log = stack.enter_context((folder / "server.log").open("wb"))
    server = start_server("127.0.0.1", PORT, 1, environment, output=log)
    stack.callback(stop, server, STOP_SECONDS)
    psutil.Process(server.pid).cpu_affinity([SERVER_CORE])
    await_ready(server, "127.0.0.1", PORT)


async def _prepare(settings: Settings) -> None:
    services = build_services(settings)
    try:
        await prepare_services(services)
        await _fill(services)
    finally:
        await close_services(services)


async def _fill(services: Services) -> None:
    now = utc_now()
    facts = {"companyName": "contoso.example", "license": "enterprise", "msTenantId": "tenant"}
    await services.profiles.save_company(COMPANY, facts, now)
    for number in range(PEOPLE):
        person = demo_user_id(0, number)
        principal = Principal(f"benchmark|{number}", frozenset({Role.USER}), person, frozenset({COMPANY}))
        upn = f"person.{number}@contoso.example"
        given = {"intercomId": upn, "intercomEmail": upn, "msEmail": upn, "tld": "contoso.example", "name": "Ada"}
        await services.profiles.save_authenticated(principal, {**given, "msLocale": "en", "license": "pro"}, now)
    asked = SubjectAsked(company_id=COMPANY)
    request = await services.support.open(AGENT, asked, "benchmark", "B-1", now)
    await services.support.take(AGENT, request["_id"], now)


def _report(found: dict[tuple[str, bool], list[Round]]) -> int:
    table = Table("query", "one caller: p50 ms", "many callers: answers/s", "p50 ms", "p99 ms")
    missed = 0
    for plain, sealed in PAIRS:
        for name in (plain, sealed):
            alone, together = found[name, False], found[name, True]
            table.add_row(
                name, _middle(alone, "p50"), *(_middle(together, part) for part in ("per_second", "p50", "p99"))
            )
        latency = sorted(a.p50 / b.p50 for a, b in zip(found[sealed, False], found[plain, False], strict=True))
        rates = zip(found[plain, True], found[sealed, True], strict=True)
        cost = sorted(a.per_second / b.per_second for a, b in rates)
        told = [f"{each[0]:.2f}  {statistics.median(each):.2f}  {each[-1]:.2f}" for each in (latency, cost)]
        table.add_row("times as much (min, median, max)", *told, "", "", end_section=True)
        if plain == PAIRS[0][0]:
            missed = int(statistics.median(cost) > GOAL)
    Console(width=130).print(table)
    print(f"goal: the profile costs at most {GOAL} times as much: {'missed' if missed else 'reached'}")
    return missed


def _middle(rounds: list[Round], part: str) -> str:
    return f"{statistics.median(getattr(done, part) for done in rounds):.{0 if part == 'per_second' else 2}f}"
