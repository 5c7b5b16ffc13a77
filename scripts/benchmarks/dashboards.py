"""Bench of usage: what a dashboard costs with few and with many events, and what folding costs at ingest.

Runs on a mongod of its own in a throw-away folder. The events are inserted directly and folded by the code of
`scripts/refold`, which is measured on the way. The raw aggregation is the one that a user would write for the same
numbers: one `$match` by company and time on the index, one `$group` by local day and name.
"""

import argparse
import asyncio
import gc
import logging
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import psutil
import structlog
from pymongo import MongoClient
from pymongo.collection import Collection
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app.dashboards.periods import midnight
from app.database.client import Database, connect
from app.database.embedded import EmbeddedMongod
from app.database.indexes import indexes_for, prepare_database
from app.settings import Settings
from app.usage.folding import day_of
from app.usage.model import event_key
from app.usage.numbering import INDEX
from app.usage.recording import Outcome
from app.usage.refolding import Advance, refold
from scripts.benchmarks.in_process import Bench, running, settings_of
from scripts.benchmarks.usage_events import COMPANIES, fill, inputs_of

WRITERS, BATCH = 16, 100
ROUNDS = 5
RAW_CALLS = 2
ZONE = ZoneInfo("Europe/Paris")
NUMBERS = "requestsCreated requestsApproved requestsRejected requestsProcessed requestErrors teamsCreated"
SERIES = f"""query($from: DateTime!, $to: DateTime!) {{
  usageDashboard(from: $from, to: $to, interval: DAY, timeZone: "Europe/Paris") {{
    totals {{ {NUMBERS} }} previous {{ {NUMBERS} }} series {{ start {NUMBERS} }} approvalRate }} }}"""
WHOLE = SERIES.replace(
    "approvalRate",
    "approvalRate funnel { event count share } templates { templateId requests teams } csv medianSecondsToApproval"
    " p90SecondsToApproval medianSecondsToProcess p90SecondsToProcess",
)
RECORD = "mutation($events: [EventInput!]!) { recordEvents(events: $events) { accepted duplicates } }"


@dataclass(slots=True)
class Measured:
    """One size: the seconds of each call in each way, and what folding it took."""

    events: int
    refold: float
    memory_mb: tuple[float, float]
    in_range: int = 0
    series: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)


async def take_seconds(work: Callable[[], Awaitable[object]], times: int, seconds: list[float]) -> None:
    """Add the seconds that each call took, after some that warm up."""
    for _ in range((times + 1) // 2):
        await work()
    for _ in range(times):
        started = time.perf_counter()
        await work()
        seconds.append(time.perf_counter() - started)


def raw_pipeline(company: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return the aggregation over raw events that a user would write for the series and the range before."""
    day = {"$dateTrunc": {"date": "$occurredAt", "unit": "day", "timezone": "Europe/Paris"}}
    moments = {"$gte": start - (end - start), "$lt": end}
    return [
        {"$match": {"companyId": company, "occurredAt": moments}},
        {"$group": {"_id": {"day": day, "name": "$name"}, "count": {"$sum": 1}}},
    ]


async def prepare(uri: str, data: Path, number: int, now: datetime, progress: Progress) -> Measured:
    """Make a database of this size, and measure the folding."""
    name = f"bench_{number}"
    settings = settings_of(uri, name, data)
    indexes = indexes_for(settings)["events"]
    filling = progress.add_task(f"insert {number:,}", total=number)
    await asyncio.to_thread(fill, uri, name, number, now, indexes, tick=lambda count: progress.advance(filling, count))
    database = connect(settings)
    await prepare_database(database, settings)
    task = progress.add_task(f"refold {number:,}", total=number)
    seconds, memory = await measure_refold(database, now, lambda count: progress.advance(task, count))
    await database["usage_marks"].delete_many({})
    await database.close()
    return Measured(number, seconds, memory)


async def measure(uri: str, data: Path, sizes: Sequence[Measured], now: datetime, calls: int) -> None:
    """Ask for the same range in all sizes in turns: the machine may have other work now and then."""
    start, end = thirty_days(now)
    asked = {"from": start.isoformat(), "to": end.isoformat()}
    of_range = {"companyId": COMPANIES[0], "occurredAt": {"$gte": start, "$lt": end}}
    pipeline, times = raw_pipeline(COMPANIES[0], start, end), max(1, calls // ROUNDS)
    async with AsyncExitStack() as stack:
        benches = [await stack.enter_async_context(running(uri, f"bench_{one.events}", data)) for one in sizes]
        for _ in range(ROUNDS):
            for one, bench in zip(sizes, benches, strict=True):
                await take_seconds(partial(bench.ask, SERIES, asked), times, one.series)
                await take_seconds(partial(bench.ask, WHOLE, asked), times, one.whole)
        for one, bench in zip(sizes, benches, strict=True):
            one.in_range = await bench.database["events"].count_documents(of_range)
    with MongoClient[dict[str, Any]](uri) as client:  # afterwards: it takes seconds, and the cache from the others
        for one in sizes:
            events = client[f"bench_{one.events}"]["events"]
            await take_seconds(partial(asyncio.to_thread, _drain, events, pipeline), RAW_CALLS, one.raw)


def _drain(events: Collection[dict[str, Any]], pipeline: Sequence[dict[str, Any]]) -> None:
    list(events.aggregate(pipeline))


def thirty_days(now: datetime) -> tuple[datetime, datetime]:
    """Return the last 30 whole days of Paris: as a person asks, who knows no UTC, so that days are cut at both ends."""
    today = now.astimezone(ZONE).date()
    start, end = (midnight(today - timedelta(days=days), ZONE) for days in (30, 0))
    return start, end


async def measure_refold(database: Database, now: datetime, advance: Advance) -> tuple[float, tuple[float, float]]:
    """Return the seconds of folding everything, and the memory in MB before and the largest while it went on."""
    process = psutil.Process()
    before = largest = process.memory_info().rss

    def watch(count: int) -> None:
        nonlocal largest
        largest = max(largest, process.memory_info().rss)
        advance(count)

    started = time.perf_counter()
    await refold(database, day_of(now - timedelta(days=390)), watch, nothing_expired=True)
    return time.perf_counter() - started, (before / 2**20, largest / 2**20)


@dataclass(frozen=True, slots=True)
class PlainRecorder:
    """Ingest without folding, to compare with: the same insertion, durable, with as many indexes, and nothing else."""

    database: Database

    async def prepare(self, settings: Settings) -> None:
        """Make the collections; the request's index is the one that would do if nothing were folded."""
        await prepare_database(self.database, settings)
        events = self.database["events"]
        await events.drop_index(INDEX)
        await events.create_index([("companyId", 1), ("requestId", 1)])

    async def record(self, events: Sequence[dict[str, Any]]) -> list[Outcome]:
        """Insert, under the same keys."""
        for event in events:
            event["_id"] = event_key(event["companyId"], event["eventId"])
        await self.database["events"].insert_many(events, ordered=False)
        return [Outcome.ACCEPTED] * len(events)


async def measure_ingest(uri: str, data: Path, seconds: float) -> tuple[float, float]:
    """Return events a second without and with folding, for 16 callers of 100 events each through the whole app.

    Both are measured in turns, and the median is taken: the machine may have other work now and then.
    """
    without, folded = [], []
    async with AsyncExitStack() as stack:
        bench = await stack.enter_async_context(running(uri, "bench_ingest", data))
        settings = settings_of(uri, "bench_plain", data)
        plain = PlainRecorder(connect(settings))
        stack.push_async_callback(plain.database.close)
        await plain.prepare(settings)
        for _ in range(ROUNDS):
            with patch("app.usage.service.recorder_of", lambda _: plain):
                without.append(await ingest(bench, seconds / ROUNDS))
            folded.append(await ingest(bench, seconds / ROUNDS))
    return statistics.median(without), statistics.median(folded)


async def ingest(bench: Bench, seconds: float) -> float:
    """Return the events a second that the callers get rid of."""
    source = random.Random()  # noqa: S311 - figures, no secrets; unseeded, since each round is to tell of new requests
    items = inputs_of(int(seconds * 300) * BATCH, source)  # made beforehand, used once
    batches = deque(items[start : start + BATCH] for start in range(0, len(items), BATCH))
    gc.collect()
    gc.freeze()  # the batches: in production there are none to go through
    until = time.perf_counter() + seconds
    done = 0

    async def write() -> None:
        nonlocal done
        while batches and time.perf_counter() < until:
            await bench.ask(RECORD, {"events": batches.popleft()})
            done += BATCH

    started = time.perf_counter()
    await asyncio.gather(*(write() for _ in range(WRITERS)))
    return done / (time.perf_counter() - started)


def show(measured: Sequence[Measured], rates: tuple[float, float] | None) -> None:
    """Print the tables."""
    console = Console(width=130)
    table = Table(title="30 days by day of one company of 8, Europe/Paris; median milliseconds")
    names = ("events", "in the range", "series", "whole", "raw aggregation", "faster", "refolded/s", "memory")
    for name in names:
        table.add_column(name, justify="right")
    medians = [[statistics.median(way) for way in (one.series, one.whole, one.raw)] for one in measured]
    for one, (series, whole, raw) in zip(measured, medians, strict=True):
        table.add_row(
            *(f"{one.events:,}", f"{one.in_range:,}", f"{series * 1e3:.1f}", f"{whole * 1e3:.1f}"),
            *(f"{raw * 1e3:.1f}", f"{raw / series:.0f}x", f"{one.events / one.refold:,.0f}"),
            f"{one.memory_mb[0]:.0f} -> {one.memory_mb[1]:.0f} MB",
        )
    console.print(table)
    if len(measured) > 1:
        ratios = [largest / smallest for smallest, largest in zip(medians[0], medians[-1], strict=True)]
        console.print(f"largest against smallest: series {ratios[0]:.2f}x, whole dashboard {ratios[1]:.2f}x")
    if rates:
        without, folded = rates
        console.print(
            f"ingest, {WRITERS} callers of {BATCH} events: {without:,.0f} events/s without folding, "
            f"{folded:,.0f} with; it costs {1 - folded / without:.0%}"
        )


async def run(options: argparse.Namespace) -> None:
    """Run the bench."""
    now = datetime.now(UTC).replace(microsecond=0)
    data = Path(tempfile.mkdtemp(prefix="data-practices-bench-"))
    mongod = await asyncio.to_thread(EmbeddedMongod.start, data, cache_gb=options.cache_gb)
    try:
        rates = await measure_ingest(mongod.uri, data, options.ingest_seconds) if options.ingest_seconds else None
        with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
            measured = [await prepare(mongod.uri, data, number, now, progress) for number in sorted(options.events)]
            await measure(mongod.uri, data, measured, now, options.calls)
        show(measured, rates)
    finally:
        mongod.stop()
        shutil.rmtree(data, ignore_errors=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench dashboards", description="Measure dashboards, refolding, and what folding costs."
    )
    parser.add_argument("--events", type=int, nargs="*", default=[100_000, 1_000_000], help="sizes (100000 1000000)")
    parser.add_argument("--calls", type=int, default=100, help="calls of each dashboard (100)")
    parser.add_argument("--ingest-seconds", type=float, default=10, help="of each way, 0: none (10)")
    parser.add_argument("--cache-gb", type=float, default=1.0, help="cache of mongod (1.0)")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asyncio.run(run(parser.parse_args(arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
