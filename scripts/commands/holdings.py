"""scripts/holdings: what the server holds per category, oldest and newest, and what expires when. Changes nothing."""

import argparse
import asyncio
import sys
from datetime import datetime, timedelta

import orjson
from rich.console import Console
from rich.table import Table

from app.clock import utc_now
from app.database.client import connect
from app.database.retention import LATE_AFTER, Holding, longest_lag, read_holdings
from app.settings import Settings
from scripts.commands.exits import Exit
from scripts.commands.storage import add_data_option, existing_database, read_settings

COLUMNS = ("category", "collection", "records", "oldest", "newest", "life", "next to expire", "late by")
WIDTH_IN_FILES = 160


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="scripts/holdings",
        description="Print what the server holds per category, oldest and newest, and what expires when.",
        epilog="Reads MONGODB_URI, or the data folder's own MongoDB, which may be running. Ends with 1 if something is "
        "past its life by more than an hour. day_keys are the days whose error reports can be opened.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON list, for programs")
    add_data_option(parser)
    options = parser.parse_args()
    with existing_database(read_settings(options.data), may_run=True) as settings:
        holdings = asyncio.run(read(settings))
    now = utc_now()
    if options.json:
        sys.stdout.write(orjson.dumps([as_row(holding, now) for holding in holdings]).decode() + "\n")
    else:
        print_table(holdings, now)
    return Exit.FAILED if longest_lag(holdings, now) > LATE_AFTER else Exit.OK


async def read(settings: Settings) -> list[Holding]:
    """Return what is held."""
    database = connect(settings)
    try:
        return await read_holdings(database, settings)
    finally:
        await database.close()


def as_row(holding: Holding, now: datetime) -> dict[str, object]:
    """Return one line; lives and lags in seconds."""
    return {
        "category": holding.category,
        "collection": holding.collection,
        "records": holding.records,
        "oldest": holding.oldest,
        "newest": holding.newest,
        "lifeSeconds": holding.life.total_seconds() if holding.life else None,
        "nextExpiry": holding.next_expiry,
        "lagSeconds": holding.lag(now).total_seconds(),
    }


def print_table(holdings: list[Holding], now: datetime) -> None:
    """Print one line for each collection."""
    table = Table(*COLUMNS, box=None)
    for holding in holdings:
        late = holding.lag(now)
        table.add_row(
            holding.category,
            holding.collection,
            f"{holding.records:,}",
            *(_minute(moment) for moment in (holding.oldest, holding.newest)),
            _life(holding),
            _minute(holding.next_expiry),
            _days(late) if late > LATE_AFTER else "",
        )
    Console(width=None if sys.stdout.isatty() else WIDTH_IN_FILES).print(table)


def _life(holding: Holding) -> str:
    if holding.life is None:
        return "no end of its own"
    return _days(holding.life) if holding.life else "by record"


def _minute(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""


def _days(span: timedelta) -> str:
    return f"{span / timedelta(days=1):g} days"


if __name__ == "__main__":
    sys.exit(main())
