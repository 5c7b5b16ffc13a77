"""What scrubbing, grouping and counting cost: error reports a second with them and without, in one run.

Each call brings 100 reports over the whole app (GraphQL, rights, sealing, durable writes) on an embedded mongod of its
own. Rounds with and without alternate, so that whatever else the machine does falls on both; the ratio is the median of
the rounds'. `storm` repeats few faults on other lines, as incidents do, and is what the promise is about; `different`
brings a new fault with each report, so that nothing can be kept and each makes a group of its own: the worst case.
"""

import argparse
import asyncio
import contextlib
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import orjson

from app.clock import utc_now
from app.database.embedded import EmbeddedMongod
from app.error_reports import service
from app.error_reports.counting import ReportCounter
from app.error_reports.scrubbing import Scrubber
from app.log import configure_logging
from app.main import build_app
from app.settings import Settings
from auth.development import DevelopmentIssuer
from auth.principal import Role
from scripts.commands.exits import Exit

RECORD = "mutation ($reports: [ErrorReportInput!]!) { recordErrors(reports: $reports) { accepted } }"
COUNTED = orjson.dumps({"query": "{ errorGroups(first: 1) { nodes { count } } }"})
QUERIES = ("?page=2&user=bob", "?token=abc", *[""] * 8)
NO_GROUP = "0" * 32
LOWEST_RATIO = 0.6


def make_report(chance: random.Random, fault: int) -> dict[str, Any]:
    """Return a report as clients send them: a trace of 15 to 30 frames, ten lines of log, and what should not be there.

    Of ten reports six come from browsers, three from servers, and one from a desktop, whose frames name a home folder.
    """
    where = chance.choice(["https://app.example.com/static"] * 6 + ["/srv/app/dist"] * 3 + ["/home/bob/app/dist"])
    frames = "\n".join(
        f"    at async Step{fault}.run{place} ({where}/step{place}.js:{chance.randint(1, 900)}:7)"
        for place in range(chance.randint(15, 30))
    )
    return {
        "reportId": uuid.UUID(int=chance.getrandbits(128)).hex,
        "occurredAt": utc_now().isoformat(),
        "kind": "EXCEPTION",
        "message": f"cannot load team {fault} for bob{fault}@contoso.com from 10.1.2.{fault % 250}",
        "exception": {
            "type": "TypeError",
            "message": f"team {fault} is undefined",
            "stackTrace": f"TypeError: x\n{frames}",
        },
        "log": [f"12:30:{line:02} GET /api/teams/{fault}{query} took {line} ms" for line, query in enumerate(QUERIES)],
        "performance": {"operation": "load team", "durationMs": chance.uniform(1, 900)},
        "device": {"model": "Surface Pro", "osName": "Windows", "osVersion": "10.0.22621.1", "appVersion": "1.2.3"},
        "network": {"connection": "wifi", "effectiveType": "4g", "roundTripMs": chance.uniform(5, 300)},
    }


def make_calls(count: int, reports: int, faults: int, seed: int) -> list[bytes]:
    """Return the bodies of `count` calls."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    return [
        orjson.dumps(
            {
                "query": RECORD,
                "variables": {"reports": [make_report(chance, chance.randrange(faults)) for _ in range(reports)]},
            }
        )
        for _ in range(count)
    ]


@contextlib.contextmanager
def without_care() -> Iterator[None]:
    """Take scrubbing, grouping and counting out: only here, for no setting can."""

    async def know_nothing(*_: object) -> frozenset[str]:
        return frozenset()

    async def count_nothing(*_: object) -> None:
        return

    with (
        mock.patch.object(service, "find_known_ids", know_nothing),
        mock.patch.object(Scrubber, "scrub", lambda _self, _path, text, *_: text),
        mock.patch.object(service, "fingerprint_of", return_value=NO_GROUP),
        mock.patch.object(ReportCounter, "count", count_nothing),
    ):
        yield


@contextlib.asynccontextmanager
async def running_app(folder: Path, uri: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run the app on a database of its own and give a client that is a person of the demo."""
    settings = Settings(
        mongodb_uri=uri,
        mongodb_database=f"bench_{uuid.uuid4().hex[:8]}",
        data_dir=folder,
        calls_per_minute=10_000_000,
    )
    app = build_app(settings)
    token = DevelopmentIssuer(folder).sign(Role.COMPANY_ADMIN)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://bench", headers=headers, timeout=60) as client,
    ):
        yield client


async def run_round(client: httpx.AsyncClient, calls: list[bytes], callers: int) -> float:
    """Return the reports a second of these calls, sent by some callers at once."""
    waiting = iter(calls)
    accepted = 0

    async def send_all() -> None:
        nonlocal accepted
        for body in waiting:
            reply = (await client.post("/graphql", content=body)).json()
            accepted += reply["data"]["recordErrors"]["accepted"]

    start = time.perf_counter()
    await asyncio.gather(*(send_all() for _ in range(callers)))
    await client.post("/graphql", content=COUNTED)  # answered when all is counted: that work belongs to this round
    return accepted / (time.perf_counter() - start)


async def compare(client: httpx.AsyncClient, faults: int, options: argparse.Namespace) -> tuple[float, float, float]:
    """Return reports a second with and without, and the median ratio of the rounds."""
    found: list[tuple[float, float]] = []
    for turn in range(options.rounds + 1):
        seeds = (turn * 2 + faults, turn * 2 + 1 + faults)
        with_care, bare = (make_calls(options.calls, options.reports, faults, seed) for seed in seeds)
        full = await run_round(client, with_care, options.callers)
        with without_care():
            plain = await run_round(client, bare, options.callers)
        if turn:  # the first one warms up
            found.append((full, plain))
    fulls, plains = zip(*found, strict=True)
    return statistics.median(fulls), statistics.median(plains), statistics.median(a / b for a, b in found)


async def measure(options: argparse.Namespace) -> int:
    """Print the table; fails where a storm stays below the promised ratio."""
    lowest = 1.0
    with tempfile.TemporaryDirectory(prefix="bench-scrubbing-") as name:
        folder = Path(name)
        mongod = EmbeddedMongod.start(folder)
        try:
            async with running_app(folder, mongod.uri) as client:
                sys.stdout.write("| faults | reports/s with | without | ratio |\n|---|---|---|---|\n")
                for title, faults in (("storm", 20), ("different", 1_000_000)):
                    full, plain, ratio = await compare(client, faults, options)
                    sys.stdout.write(f"| {title} | {full:,.0f} | {plain:,.0f} | {ratio:.2f} |\n")
                    lowest = ratio if title == "storm" else lowest
        finally:
            mongod.stop()
    return Exit.OK if lowest >= LOWEST_RATIO else Exit.FAILED


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(prog="scripts/bench scrubbing", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (default 5)")
    parser.add_argument("--calls", type=int, default=20, help="calls of each round (default 20)")
    parser.add_argument("--reports", type=int, default=100, help="reports of each call (default 100)")
    parser.add_argument("--callers", type=int, default=4, help="callers at once (default 4)")
    configure_logging("warning")
    return asyncio.run(measure(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
