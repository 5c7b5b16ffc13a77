"""scripts/demo: loads the demo data into the database of this environment.

Promises the same records for the same seed and day, however often it is run; what was there stays as it is. Runs
against the database that the server uses: `MONGODB_URI`, `MONGODB_DATABASE` and `DATA_DIR` as for `scripts/serve`.
"""

import argparse
import asyncio
import sys

from pymongo.errors import PyMongoError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.clock import utc_now
from app.errors import AppError
from app.log import configure_logging
from app.main import build_services, close_services, prepare_services
from app.settings import Settings
from graphql_schema.context import Services
from scripts.commands.exits import Exit, fail, say
from scripts.commands.storage import add_data_option, read_settings
from scripts.demo_data.loading import DemoLoader, holds_other_data, is_loaded
from scripts.demo_data.support import load_support_requests


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Load demo data: 8 companies, about 150 people, 90 days of events, errors and census records.",
        epilog="scripts/serve does this by itself; MONGODB_URI names a database. Run again to add the days since.",
    )
    parser.add_argument("--if-empty", action="store_true", help="leave a database alone that holds other data already")
    parser.add_argument("--seed", type=int, default=7, help="another seed makes other people and events (default 7)")
    add_data_option(parser)
    options = parser.parse_args()
    settings = read_settings(options.data)
    configure_logging(settings.log_level)
    if not settings.in_development:
        fail(Exit.REFUSED, "there is no demo data with ENVIRONMENT=production")
    if not settings.mongodb_uri.get_secret_value():
        fail(Exit.USAGE, "MONGODB_URI must name the database; scripts/serve loads the demo data by itself")
    try:
        asyncio.run(_run(settings, options.seed, only_if_empty=options.if_empty))
    except (PyMongoError, AppError) as error:
        fail(Exit.FAILED, f"the database cannot be used ({type(error).__name__}); nothing is lost, run it again")
    return Exit.OK


async def _run(settings: Settings, seed: int, *, only_if_empty: bool) -> None:
    services = build_services(settings)
    try:
        await prepare_services(services)
        await _load(services, seed, only_if_empty=only_if_empty)
    finally:
        await close_services(services)


async def _load(services: Services, seed: int, *, only_if_empty: bool) -> None:
    loaded = await is_loaded(services)
    if only_if_empty and not loaded and await holds_other_data(services):
        say("demo data: left out, the database holds other data")
        return
    now = utc_now()
    if not (only_if_empty and loaded):
        with _progress() as progress:
            base = now.replace(hour=0, minute=0, second=0, microsecond=0)
            taken = await DemoLoader(services, seed, base, _Bars(progress)).load()
        say("demo data: " + ", ".join(f"{count} {part}" for part, count in taken.items()))
    await load_support_requests(services, now)


class _Bars:
    """One bar for each part."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, part: str, done: int, total: int) -> None:
        if part not in self._tasks:
            self._tasks[part] = self._progress.add_task(f"demo {part}", total=total)
        self._progress.advance(self._tasks[part], done)


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


if __name__ == "__main__":
    sys.exit(main())
