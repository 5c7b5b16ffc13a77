"""scripts/verify-receipts: for an auditor: is the chain of access receipts whole, and if not, where not.

Reads only. The last line names the chain's end; noted outside of the database and given as --known the next time, it
shows even a chain that was computed anew.
"""

import argparse
import asyncio
import sys
from datetime import timedelta

from app.clock import utc_now
from app.database.client import connect
from app.receipts.model import EMPTY_CHAIN, SEQUENCE_MAX
from app.receipts.verification import Verification, verify_receipts
from app.settings import Settings
from app.subject_rights.erasing import last_receipt_told
from scripts.commands.exits import Exit
from scripts.commands.storage import add_data_option, existing_database, read_settings

HASH_CHARACTERS = 64


def main() -> int:
    """Run the command."""
    options = _parse()
    with existing_database(read_settings(options.data), may_run=True) as settings:
        found = asyncio.run(_verify(settings, options))
    return _report(found)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/verify-receipts",
        description="Check the chain of access receipts in MONGODB_URI, or in a data folder's own MongoDB.",
        epilog="Exit code 1 means that a receipt is altered, missing, out of order or cut off; the output says which."
        " Every other code but 0 means that the chain was not looked at.",
    )
    parser.add_argument("--from", dest="first", type=int, default=1, metavar="N", help="first sequence (default 1)")
    parser.add_argument("--to", dest="last", type=int, default=SEQUENCE_MAX, metavar="N", help="last (default all)")
    parser.add_argument(
        "--known", type=_known, action="append", default=[], metavar="N:HASH", help="an end noted earlier; repeatable"
    )
    add_data_option(parser)
    options = parser.parse_args()
    if not 1 <= options.first <= options.last <= SEQUENCE_MAX:
        parser.error("arguments --from and --to: expected 1 <= N <= N")
    return options


def _known(text: str) -> tuple[int, str]:
    sequence, _, digest = text.partition(":")
    if not sequence.isdecimal() or len(digest) != HASH_CHARACTERS:
        raise argparse.ArgumentTypeError("expected N:HASH as an earlier run printed it")
    return int(sequence), digest


async def _verify(settings: Settings, options: argparse.Namespace) -> Verification:
    database = connect(settings)
    try:
        return await verify_receipts(
            database,
            options.first,
            options.last,
            now=utc_now(),
            life=timedelta(days=settings.support_retention_days),
            known=dict(options.known),
            reached=await last_receipt_told(database),
        )
    finally:
        await database.close()


def _report(found: Verification) -> int:
    if found.ok and found.end == EMPTY_CHAIN:
        print("ok: no receipts yet")
    elif found.ok:
        print(f"ok: {found.checked} receipts checked")
    else:
        print(f"NOT ok: receipt {found.first_bad_sequence} is {found.problem}; {found.checked} good ones before it")
    if found.end and found.end.sequence:
        print(f"end: {found.end.sequence}:{found.end.hash}")
    return Exit.OK if found.ok else Exit.FAILED


if __name__ == "__main__":
    sys.exit(main())
