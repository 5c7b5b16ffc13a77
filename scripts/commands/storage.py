"""Which database a command works on, and how it ends when that is not to be had.

Promises one rule for all commands: MONGODB_URI, else the data folder's own MongoDB, started for as long as it takes;
the data folder is what `--data` gives, else DATA_DIR, else `.data` of this checkout. A command that maintains a
database makes none: where no server has prepared one it ends, instead of telling of an empty one that all is well.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import SecretStr
from pymongo import MongoClient
from pymongo.errors import ConfigurationError, PyMongoError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.database.embedded import DataFolderInUseError, EmbeddedMongod, MongodError, holds_database, remembered_uri
from app.database.vault import KeyLostError
from app.errors import AppError
from app.log import configure_logging
from app.settings import Settings, SettingsError
from scripts.commands.exits import ROOT, Exit, fail

REACH_MS = 2_000


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """Let a command take `--data`."""
    text = "data folder (default DATA_DIR, else .data of this checkout)"
    parser.add_argument("--data", type=Path, metavar="FOLDER", help=text)


def data_folder(given: Path | None) -> Path:
    """Return the data folder, absolute: the one given with `--data`, else DATA_DIR, else `.data` of this checkout."""
    return (given or Path(os.environ.get("DATA_DIR") or ROOT / ".data")).resolve()


def read_settings(given: Path | None) -> Settings:
    """Return the settings of the environment and the data folder, or end the command and name each wrong one."""
    try:
        return Settings.from_env().model_copy(update={"data_dir": data_folder(given)})
    except SettingsError as error:
        fail(Exit.USAGE, str(error))


@contextmanager
def existing_database(settings: Settings, *, may_run: bool = False) -> Iterator[Settings]:
    """Give settings that name a running MongoDB with the database; what goes wrong with it ends the command.

    `may_run` says whether the data folder's MongoDB may be one that a server runs already: for commands that do not
    mind what the server does meanwhile. What the app logs goes to standard error.
    """
    configure_logging(settings.log_level)
    try:
        with _running_mongodb(settings, may_run=may_run) as reachable:
            _require_prepared(reachable)
            yield reachable
    except SettingsError as error:
        fail(Exit.USAGE, str(error))
    except ConfigurationError as error:
        fail(Exit.USAGE, f"MONGODB_URI: is no address that can be used ({type(error).__name__})")
    except KeyLostError as error:
        fail(Exit.FAILED, error.message)
    except AppError as error:
        fail(Exit.UNREACHABLE, f"{error.message} Nothing is lost: run it again.")
    except PyMongoError as error:
        name = type(error).__name__
        fail(Exit.UNREACHABLE, f"the database refused or cannot be reached ({name}); nothing is lost: run it again")


@contextmanager
def _running_mongodb(settings: Settings, *, may_run: bool) -> Iterator[Settings]:
    if settings.mongodb_uri.get_secret_value():
        yield settings
        return
    with ExitStack() as stack:
        try:
            uri = _embedded_uri(settings.data_dir, stack, may_run=may_run)
        except DataFolderInUseError as error:
            fail(Exit.DATA_FOLDER_IN_USE, str(error))
        except (MongodError, OSError) as error:
            fail(Exit.NO_MONGOD, str(error))
        yield settings.model_copy(update={"mongodb_uri": SecretStr(uri)})


def _embedded_uri(data: Path, stack: ExitStack, *, may_run: bool) -> str:
    if not holds_database(data):
        others = "--data or DATA_DIR may name another folder, MONGODB_URI another MongoDB"
        fail(Exit.NO_DATABASE, f"no database was ever made in {data}; {others}")
    try:
        mongod = EmbeddedMongod.start(data)
    except DataFolderInUseError:
        uri = remembered_uri(data)
        if not may_run or not _answers(uri):
            raise
        return uri
    stack.callback(mongod.stop)
    return mongod.uri


def _answers(uri: str) -> bool:
    try:
        with MongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=REACH_MS) as client:
            client.admin.command("ping")
    except (PyMongoError, ValueError):  # ValueError: nothing remembers a port
        return False
    return True


def _require_prepared(settings: Settings) -> None:
    """End the command where MongoDB has no such database: a name spelt wrong would be an empty one."""
    uri, name = settings.mongodb_uri.get_secret_value(), settings.mongodb_database
    with MongoClient[dict[str, object]](uri, serverSelectionTimeoutMS=settings.database_timeout_ms) as client:
        if not client[name].list_collection_names():
            fail(Exit.NO_DATABASE, f"MongoDB has no database {name!r}; MONGODB_DATABASE names it, a server makes it")


def progress_bar() -> Progress:
    """Return a bar on standard error that is only drawn in a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
