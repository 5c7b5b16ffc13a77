"""Commands agree on where the data are, and none of them takes an empty place for a database in order."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient

from app.database.client import connect
from app.database.data_folder import DataFolder
from app.database.embedded import EmbeddedMongod
from app.database.indexes import prepare_database
from app.settings import Settings
from auth.principal import Role
from scripts.commands.storage import data_folder, read_settings
from tests.harness.commands import ROOT, run
from tests.harness.live import free_port

MAINTENANCE = ("refold", "verify_receipts", "rotate_master_key", "replay_erasures", "seal_existing", "holdings")


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedMongod]:
    """A data folder whose MongoDB runs."""
    mongod = EmbeddedMongod.start(tmp_path / "data")
    yield mongod
    mongod.stop()


def test_the_folder_is_the_one_given_else_data_dir_else_the_checkouts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever folder the operator stands in; an empty DATA_DIR is none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", "elsewhere")
    assert data_folder(Path("given")) == read_settings(Path("given")).data_dir == tmp_path / "given"
    assert data_folder(None) == read_settings(None).data_dir == tmp_path / "elsewhere"
    monkeypatch.setenv("DATA_DIR", "")
    assert data_folder(None) == read_settings(None).data_dir == ROOT / ".data"


def test_token_reads_data_dir(tmp_path: Path) -> None:
    """Its key is the one of the server that was started with the same DATA_DIR."""
    data = tmp_path / "of the server"
    done = run("token", "--role", Role.SUPPORT.value, settings={"DATA_DIR": str(data)}, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [data.name]


def test_serve_reads_data_dir(tmp_path: Path) -> None:
    """A folder that is in use is named, and it is the one of DATA_DIR."""
    folder = DataFolder.take(tmp_path)
    done = run("serve", "--port", str(free_port()), "--no-demo", settings={"DATA_DIR": str(tmp_path)})
    folder.release()
    assert (done.returncode, str(tmp_path) in done.stderr) == (4, True), done.stderr


@pytest.mark.parametrize("command", MAINTENANCE)
def test_a_folder_without_a_database_is_refused(command: str, tmp_path: Path) -> None:
    """By the setting or the option, and whatever the current folder: code 66, the folder named, nothing made."""
    missing = tmp_path / "missing"
    for done in (
        run(command, cwd=tmp_path, settings={"DATA_DIR": "missing"}),
        run(command, "--data", missing, cwd=tmp_path, settings={"DATA_DIR": str(ROOT / ".data")}),
    ):
        assert (done.returncode, done.stdout) == (66, ""), done.stderr
        assert str(missing) in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", MAINTENANCE)
def test_a_name_without_a_database_is_refused(command: str, mongod: EmbeddedMongod, tmp_path: Path) -> None:
    """A MONGODB_DATABASE spelt wrong is no empty database: code 66, the name told, nothing made."""
    new_key = ("--write", tmp_path / "new.key") if command == "rotate_master_key" else ()
    name = f"mistyped_{os.getpid()}"
    settings = {"MONGODB_URI": mongod.uri, "MONGODB_DATABASE": name, "DATA_DIR": str(tmp_path)}
    done = run(command, *new_key, settings=settings)
    assert (done.returncode, done.stdout) == (66, ""), done.stderr
    assert name in done.stderr
    assert list(tmp_path.iterdir()) == []
    with MongoClient[dict[str, object]](mongod.uri) as client:
        assert not [each for each in client.list_database_names() if each.startswith(name)]


async def test_the_folder_of_a_running_server_is_read_while_it_runs(embedded: EmbeddedMongod, tmp_path: Path) -> None:
    """Who only compares or looks does so beside it; who changes keys waits for its end."""
    data = tmp_path / "data"
    settings = Settings(mongodb_uri=embedded.uri, data_dir=data)
    database = connect(settings)
    await prepare_database(database, settings)
    await database.close()
    codes = {command: run(command, "--data", data, settings={}).returncode for command in MAINTENANCE}
    beside = dict.fromkeys(("refold", "verify_receipts", "holdings"), 0)
    assert codes == {**dict.fromkeys(MAINTENANCE, 4), **beside}
    embedded.stop()
    assert {command: run(command, "--data", data, settings={}).returncode for command in beside} == beside
