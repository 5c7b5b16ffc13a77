"""scripts/replay-erasures: after a restore, erases again everybody on the list of erasures, before callers are let in.

The list stands in the database of secrets (MONGODB_DATABASE with `_secrets`), which a restore of the data leaves alone.
Where that is lost too, its newest copy is restored first, for without the keys in it nothing opens; a list made with
--save adds with --from what is younger than that copy. May be stopped and run again at any time.
"""

import argparse
import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path

from pymongo import UpdateOne

from app.clock import utc_now
from app.database.client import Document, connect
from app.database.clock_watch import ClockWatch
from app.database.indexes import prepare_database
from app.main import build_services, close_services
from app.settings import Settings
from app.subject_rights.erasing import ERASURES, read_erasures
from graphql_schema.context import Services
from graphql_schema.subject_rights import erasing_of
from scripts.commands.erasure_file import ErasureFileError, load_erasures, merge_erasures, save_erasures
from scripts.commands.exits import Exit, fail
from scripts.commands.storage import add_data_option, existing_database, progress_bar, read_settings


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="scripts/replay-erasures",
        description="Erase again what a restored backup has brought back. Run it before the server is started.",
        epilog="Give it the server's environment (MONGODB_URI, MASTER_KEY, ...).",
    )
    files = parser.add_mutually_exclusive_group()
    text = "write the list there, one JSON a line, with what that file knows besides; erase nothing; a server may run"
    files.add_argument("--save", type=Path, metavar="FILE", help=text)
    files.add_argument("--from", dest="source", type=Path, metavar="FILE", help="add a saved list to the database's")
    add_data_option(parser)
    options = parser.parse_args()
    try:
        saved = _read_saved(options.source, options.save)
        with existing_database(read_settings(options.data), may_run=options.save is not None) as settings:
            work = _save(settings, options.save, saved) if options.save else _replay(settings, saved)
            print(asyncio.run(work))
    except ErasureFileError as error:
        fail(Exit.USAGE, str(error))
    except OSError as error:
        fail(Exit.FAILED, f"{error.filename}: {error.strerror}")
    return Exit.OK


def _read_saved(source: Path | None, target: Path | None) -> list[Document]:
    """Return the list to add: the file that is named, or what the one that is to be written held until now."""
    is_new = source is None and (target is None or not target.exists() or target.stat().st_size == 0)
    file = source or target
    return [] if is_new or file is None else load_erasures(file)


async def _save(settings: Settings, file: Path, saved: list[Document]) -> str:
    database = connect(settings)
    try:
        await ClockWatch(database).check()  # which entries are still needed is told by the clock
        erasures = await read_erasures(database)
    finally:
        await database.close()
    alive_after = utc_now() - timedelta(days=settings.support_retention_days)
    whole = merge_erasures(erasures, saved, alive_after=alive_after)
    await asyncio.to_thread(save_erasures, file, whole)
    besides = len(whole) - len(erasures)
    return f"{len(whole)} erasures saved" + (f", {besides} of which only that file knew" if besides else "")


async def _replay(settings: Settings, saved: list[Document]) -> str:
    services = build_services(settings)
    try:
        await prepare_database(services.database, settings, lives=False)
        await services.vault.prepare()
        await services.clock_watch.check()
        if saved:
            changes = [change for erasure in saved for change in _additions(erasure)]
            await services.database.secrets[ERASURES].bulk_write(changes)
        erasures = await read_erasures(services.database)
        gone = await replay_all(services, erasures, utc_now())
    finally:
        await close_services(services)
    return f"{len(erasures)} erasures replayed, {gone} documents and keys erased again"


def _additions(erasure: Document) -> list[UpdateOne]:
    """Return what a saved entry adds to the list: itself, or its completion where the list has it unfinished.

    Never more: the list's own entry may be younger, and an older copy must not open what was completed since.
    """
    name, told = erasure["_id"], {field: value for field, value in erasure.items() if field != "_id"}
    insertion = UpdateOne({"_id": name}, {"$setOnInsert": told}, upsert=True)
    if told["completedAt"] is None:
        return [insertion]
    completion = UpdateOne({"_id": name, "completedAt": None}, {"$set": told})
    return [insertion, completion]


async def replay_all(services: Services, erasures: list[Document], now: datetime) -> int:
    """Replay each erasure; return how many documents and keys went."""
    erasing = erasing_of(services)
    gone = 0
    with progress_bar() as progress:
        task = progress.add_task("erasures", total=len(erasures))
        for erasure in erasures:
            done = await erasing.replay(erasure, now)
            gone += sum(done["counts"].values()) + done["keyDestroyed"]
            progress.advance(task)
    return gone


if __name__ == "__main__":
    sys.exit(main())
