"""The database that a command works on: that of MONGODB_URI, or the data folder's own, started while it takes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.database.embedded import DataFolderInUseError, EmbeddedMongod, MongodError
from app.settings import Settings, SettingsError
from scripts.commands.exits import Exit, fail


def read_settings() -> Settings:
    """Return the settings of the environment, or end the command and name each wrong one."""
    try:
        return Settings.from_env()
    except SettingsError as error:
        fail(Exit.USAGE, str(error))


@contextmanager
def reachable_database(settings: Settings) -> Iterator[Settings]:
    """Give settings that name a running MongoDB; ends the command where there is none."""
    if settings.mongodb_uri.get_secret_value():
        yield settings
        return
    try:
        mongod = EmbeddedMongod.start(settings.data_dir.resolve())
    except DataFolderInUseError as error:
        fail(Exit.DATA_FOLDER_IN_USE, str(error))
    except MongodError as error:
        fail(Exit.NO_MONGOD, str(error))
    try:
        yield settings.model_copy(update={"mongodb_uri": SecretStr(mongod.uri)})
    finally:
        mongod.stop()


def progress_bar() -> Progress:
    """Return a bar on standard error that is only drawn in a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
