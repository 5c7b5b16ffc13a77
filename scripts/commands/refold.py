"""scripts/refold: makes usage buckets and anonymous counts anew from the events, while the API runs.

Works on the database of MONGODB_URI, or on the data folder's own, whether a server runs on it or not.
"""

import argparse
import asyncio
import secrets
import sys
from datetime import datetime

from app.clock import utc_now
from app.dashboards.anonymizer import rebuild_once
from app.dashboards.rebuilding import mark_all
from app.database.client import Database, connect
from app.database.clock_watch import ClockWatch
from app.database.indexes import read_life
from app.settings import Settings
from app.usage.buckets import MARKS
from app.usage.numbering import EVENTS, INDEX
from app.usage.refolding import Refolded, find_horizon, refold
from scripts.commands.exits import Exit, fail, say
from scripts.commands.storage import add_data_option, existing_database, progress_bar, read_settings

PAUSE_SECONDS = 0.2


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="scripts/refold",
        description="Compare usage buckets with a recount of the events, mend what differs, and make the"
        " anonymous counts anew. The API may run and record meanwhile.",
        epilog="Days whose events have expired are left as they are, and no number is lowered where some of its events"
        " may have. How long events live is read from the database;"
        " collections and indexes are the server's to make and change.",
    )
    parser.add_argument("--check", action="store_true", help="change nothing; end with 1 if anything differs")
    parser.add_argument(
        "--nothing-expired",
        action="store_true",
        help="no event was ever erased by its age (a young database): lower numbers there, too",
    )
    add_data_option(parser)
    options = parser.parse_args()
    settings = read_settings(options.data)
    with existing_database(settings, may_run=True) as reachable:
        done = asyncio.run(_run(reachable, mend=not options.check, nothing_expired=options.nothing_expired))
    verb = "differ" if options.check else "mended"
    numbered = f", {done.numbered} events numbered" if done.numbered else ""
    sys.stdout.write(
        f"{done.events} events of {done.days} days of companies compared; {verb}: {done.days_mended} days{numbered}\n"
    )
    return Exit.FAILED if options.check and done.days_mended else Exit.OK


async def _run(settings: Settings, *, mend: bool, nothing_expired: bool) -> Refolded:
    database = connect(settings)
    try:
        life = await read_life(database, EVENTS)
        if life is None or INDEX not in await database.index_information(EVENTS):
            fail(Exit.NO_DATABASE, f"{database.name} is not prepared for this version: start the server on it once")
        watch = ClockWatch(database)
        await watch.check()  # which events have expired, and which days are over, is told by the clock
        horizon = await find_horizon(database, life, utc_now())
        done = await _refold(database, horizon, mend=mend, nothing_expired=nothing_expired)
        if mend:
            await _rebuild_anonymous(database, watch)
        return done
    finally:
        await database.close()


async def _refold(database: Database, horizon: datetime | None, *, mend: bool, nothing_expired: bool) -> Refolded:
    if horizon is None:
        say("there are no events: usage buckets are left as they are")
        return Refolded()
    say(f"days before {horizon:%Y-%m-%d} are left as they are: their events expire")
    with progress_bar() as progress:
        task = progress.add_task("events", total=await database[EVENTS].estimated_document_count())
        return await refold(
            database,
            horizon,
            lambda count: progress.advance(task, count),
            mend=mend,
            nothing_expired=nothing_expired,
        )


async def _rebuild_anonymous(database: Database, watch: ClockWatch) -> None:
    """Mark all days and rebuild them, or see them rebuilt by a running server; what 5 companies changed is new."""
    await mark_all(database)
    say("anonymous counts: making them anew")
    holder = secrets.token_hex(8)
    while await database[MARKS].find_one({}, {"_id": 1}):
        if not await rebuild_once(database, utc_now, watch, holder):
            await asyncio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
