"""What a worker's memory does in a long run: all operations of `against_peers` in turn, in rounds, for some minutes.

The first round fills caches and pools; from then on the memory is to stay. The goal is for the resident memory at the
end, and for how much of it came in the second half of the run.
"""

import argparse
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from scripts.benchmarks.against_peers import GOALS, LOAD_CORE, OURS, PORTS, bodies_for, start_all
from scripts.benchmarks.load import run_round, write_script
from scripts.commands.exits import Exit, fail

GOAL_MIB = 120
GROWTH_MIB = 3  # what malloc keeps or gives back from one round to the next
ROUND_SECONDS = 5  # of each operation


def main(arguments: list[str]) -> int:
    """Run the measurement; 1 where the goal is missed."""
    parser = argparse.ArgumentParser(prog="scripts/bench endurance", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="length of the run (default 5)")
    parser.add_argument("--connections", type=int, default=16, help="connections (default 16)")
    options = parser.parse_args(arguments)
    if not shutil.which("wrk"):
        fail(Exit.MISSING_REQUIREMENT, "wrk is needed (Debian's package `wrk`)")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        servers = start_all(folder, stack, peers=False)
        sizes = _run(folder, servers[OURS], options.minutes * 60, options.connections)
    return _report(sizes)


def _run(folder: Path, server: psutil.Process, seconds: float, connections: int) -> list[tuple[float, int, float]]:
    """Return after each round the minutes passed, the requests answered so far, and the resident MiB."""
    scripts = {}
    for number, operation in enumerate(GOALS):
        body, token = bodies_for(operation, folder, {OURS: server})[OURS]
        scripts[operation] = write_script(folder / f"endurance-{number}.lua", body, token)
    started, answered, sizes = time.monotonic(), 0.0, []
    with Progress(transient=True, console=Console(stderr=True)) as progress:
        task = progress.add_task("running", total=seconds)
        while (passed := time.monotonic() - started) < seconds:
            progress.update(task, completed=passed)
            for operation, script in scripts.items():
                url = f"http://127.0.0.1:{PORTS[OURS]}/graphql"
                done = run_round(script, url, seconds=ROUND_SECONDS, connections=connections, core=LOAD_CORE)
                if done.failures:
                    fail(Exit.FAILED, f"{done.failures} failed requests in {operation}")
                answered += done.per_second * ROUND_SECONDS
            minutes = (time.monotonic() - started) / 60
            sizes.append((minutes, round(answered), server.memory_info().rss / 2**20))
    return sizes


def _report(sizes: list[tuple[float, int, float]]) -> int:
    table = Table("minutes", "requests answered", "resident MiB")
    for minutes, answered, size in sizes:
        table.add_row(f"{minutes:.1f}", f"{answered:,}", f"{size:.1f}")
    Console(width=100).print(table)
    last = sizes[-1][2]
    growth = last - sizes[len(sizes) // 2][2]
    missed = last > GOAL_MIB or growth > GROWTH_MIB
    print(
        f"{last:.0f} MiB at the end (goal {GOAL_MIB}), {growth:+.1f} in the second half (goal {GROWTH_MIB}): "
        f"{'missed' if missed else 'reached'}"
    )
    return int(missed)
