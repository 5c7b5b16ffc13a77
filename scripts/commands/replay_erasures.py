"""scripts/replay-erasures: after a restore, erases again everybody on the list of erasures, before callers are let in.

The list stands in the database of secrets (MONGODB_DATABASE with `_secrets`), which a restore of the data leaves alone.
Where that is lost too, a copy made with --save is read with --from. May be stopped and run again at any time.
"""

import argparse
import asyncio
import sys
from datetime import datetime
from pathlib import Path

import orjson
from pymongo import ReplaceOne

from app.clock import utc_now
from app.database.client import Document
from app.main import build_services, prepare_services
from app.settings import Settings
from app.subject_rights.erasing import ERASURES, Erasing, read_erasures
from graphql_schema.context import Services
from scripts.commands.exits import Exit, fail
from scripts.commands.storage import add_data_option, existing_database, progress_bar, read_settings

MOMENTS = ("erasedAt", "completedAt")


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="scripts/replay-erasures",
        description="Erase again what a restored backup has brought back. Run it before the server is started.",
        epilog="Give it the server's environment (MONGODB_URI, MASTER_KEY, ...).",
    )
    files = parser.add_mutually_exclusive_group()
    files.add_argument("--save", type=Path, metavar="FILE", help="write the list there, one JSON a line; erase nothing")
    files.add_argument("--from", dest="source", type=Path, metavar="FILE", help="add a saved list to the database's")
    add_data_option(parser)
    options = parser.parse_args()
    try:
        saved = _read_file(options.source) if options.source else []
        with existing_database(read_settings(options.data)) as settings:
            return asyncio.run(_run(settings, options.save, saved))
    except OSError as error:
        fail(Exit.FAILED, f"{error.filename}: {error.strerror}")


async def _run(settings: Settings, save: Path | None, saved: list[Document]) -> int:
    services = build_services(settings)
    try:
        await prepare_services(services)
        if saved:
            changes = [ReplaceOne({"_id": erasure["_id"]}, erasure, upsert=True) for erasure in saved]
            await services.database.secrets[ERASURES].bulk_write(changes, ordered=False)
        erasures = await read_erasures(services.database)
        if save is not None:
            lines = b"".join(orjson.dumps(erasure) + b"\n" for erasure in erasures)
            await asyncio.to_thread(save.write_bytes, lines)
            print(f"{len(erasures)} erasures saved")
            return Exit.OK
        gone = await replay_all(services, erasures, utc_now())
        print(f"{len(erasures)} erasures replayed, {gone} documents and keys erased again")
    finally:
        await services.receipts.close()
        await services.vault.close()
        await services.database.close()
    return Exit.OK


async def replay_all(services: Services, erasures: list[Document], now: datetime) -> int:
    """Replay each erasure; return how many documents and keys went."""
    erasing = Erasing(services.database, services.vault, services.receipts)
    gone = 0
    with progress_bar() as progress:
        task = progress.add_task("erasures", total=len(erasures))
        for erasure in erasures:
            done = await erasing.replay(erasure, now)
            gone += sum(done["counts"].values()) + done["keyDestroyed"]
            progress.advance(task)
    return gone


def _read_file(path: Path) -> list[Document]:
    try:
        erasures: list[Document] = [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
        return [_with_moments(erasure) for erasure in erasures]
    except (ValueError, KeyError, TypeError):
        fail(Exit.USAGE, f"{path} is no list that --save has written")


def _with_moments(erasure: Document) -> Document:
    moments = {name: datetime.fromisoformat(erasure[name]) for name in MOMENTS if erasure[name]}
    return {**erasure, **moments}


if __name__ == "__main__":
    sys.exit(main())
