"""scripts/ingest: sends a file of records in the notice's own JSON to a running API.

Promises that each record arrives once, however often the command is killed and run again, and that what is not taken is
named by line and reason. Prints neither the token nor anything that stands in the records.
"""

import argparse
import os
import re
import sys
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from app.clock import utc_now
from scripts.commands.exits import Exit, fail
from scripts.notice_json.api import GraphQLApi, ServerError, TokenError
from scripts.notice_json.delivery import Delivery
from scripts.notice_json.journal import Journal, JournalError, Tally
from scripts.notice_json.lines import Place
from scripts.notice_json.sending import CALL_MAX_ITEMS, Sender

TOKEN_VARIABLE = "DATA_PRACTICES_TOKEN"  # noqa: S105 - a name
TIMEOUT_SECONDS = 30.0


def main() -> int:
    """Run the command."""
    options = _parse()
    try:
        tally = _deliver(options)
    except OSError as error:
        fail(Exit.USAGE, f"the file cannot be read ({error.strerror})")
    except JournalError as error:
        fail(Exit.FAILED, str(error))
    except ServerError as error:
        fail(Exit.NO_API, f"{error}; run the same command again to go on, nothing is lost or doubled")
    except TokenError:
        fail(Exit.REFUSED, "the token is not valid for this server; run the command again with another to go on")
    except KeyboardInterrupt:
        fail(Exit.FAILED, "stopped; run the same command again to go on, nothing is lost or doubled")
    _report(tally)
    return Exit.FAILED if tally.refused else Exit.OK


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/ingest",
        description="Send a file of records in the notice's own JSON, one object a line, to a running API.",
        epilog='A line: {"id": "r-1", "time": "2026-01-31T12:00:00Z", "request_approved": {"request_id": "..."}}. '
        "Other keys: the other five events, census, error, identified, authenticated, company.",
    )
    parser.add_argument("file", type=Path, metavar="FILE.ndjson", help="file to send")
    parser.add_argument("--url", required=True, type=_url, help="address of the API, such as http://127.0.0.1:8000")
    parser.add_argument("--token", type=_token, help=f"token to send as (default: ${TOKEN_VARIABLE}, or none)")
    parser.add_argument("--company", metavar="ID", help="company of the events, for a token that names several")
    parser.add_argument("--batch", type=int, default=200, help="lines at a time (default 200, at most 500)")
    parser.add_argument("--state", type=Path, metavar="FILE", help="journal (default: FILE.ndjson.ingest-state)")
    parser.add_argument(
        "--patience", type=float, default=120, metavar="SECONDS", help="wait for a server (default 120)"
    )
    options = parser.parse_args()
    if not 1 <= options.batch <= CALL_MAX_ITEMS:
        parser.error(f"argument --batch: expected 1 to {CALL_MAX_ITEMS}")
    if not options.file.is_file():
        parser.error("argument FILE.ndjson: there is no such file")
    options.state = options.state or options.file.with_name(f"{options.file.name}.ingest-state")
    options.token = options.token or os.environ.get(TOKEN_VARIABLE)
    return options


def _url(text: str) -> str:
    match = re.fullmatch(r"(https?://[^/?#\s@]+)(/[^?#\s]*)?", text)
    if match is None:
        raise argparse.ArgumentTypeError("expected an address such as http://127.0.0.1:8000")
    return match[1] + (match[2] if (match[2] or "/") != "/" else "/graphql")


def _token(text: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise argparse.ArgumentTypeError("expected one word, as scripts/token prints it")
    return text


def _deliver(options: argparse.Namespace) -> Tally:
    now = utc_now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    headers = {"Authorization": f"Bearer {options.token}"} if options.token else {}
    with (
        Journal(options.state, options.file.name, options.url, now) as journal,
        httpx.Client(headers=headers, timeout=TIMEOUT_SECONDS) as client,
        _progress() as progress,
    ):
        task = progress.add_task("sending", total=options.file.stat().st_size)

        def moved(place: Place) -> None:
            progress.update(task, completed=place.offset, description="sending")

        api = GraphQLApi(client, options.url, options.patience, lambda why: progress.update(task, description=why))
        return Delivery(options.file, options.company, options.batch, journal, Sender(api), moved).run()


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _report(tally: Tally) -> None:
    print(f"accepted {tally.accepted}, duplicates {tally.duplicates}, rejected {len(tally.refused)}")
    for refused in tally.refused:
        where = f" {refused.key}" if refused.key else ""
        print(f"line {refused.line}{where}: {refused.code}: {refused.reason}")


if __name__ == "__main__":
    sys.exit(main())
