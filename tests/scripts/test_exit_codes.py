"""The exit code of a command tells what it found from what it could not look at, as scripts/README.md lists them."""

import re
from base64 import b64encode
from pathlib import Path

import pytest

from scripts.commands.exits import Exit
from tests.harness.commands import ROOT, run, settings_of
from tests.harness.system import System

MAINTENANCE = ("refold", "verify_receipts", "rotate_master_key", "replay_erasures", "seal_existing", "holdings")
NOWHERE = "mongodb://127.0.0.1:1/?replicaSet=nowhere"
KEYS = {name: b64encode(bytes([value] * 96)).decode() for name, value in (("MASTER_KEY", 0), ("NEW_MASTER_KEY", 1))}


def test_the_table_of_exit_codes_is_that_of_the_code() -> None:
    """Each code stands in scripts/README.md, and none else."""
    listed = re.findall(r"^\| (\d+) \|", (ROOT / "scripts" / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(code) for code in listed] == list(Exit)


@pytest.mark.parametrize("command", MAINTENANCE)
def test_a_database_that_is_away_is_no_finding(command: str, tmp_path: Path) -> None:
    """Nothing was looked at, so it is neither in order nor broken: 75 and one line."""
    settings = {"MONGODB_URI": NOWHERE, "DATABASE_TIMEOUT_MS": "200", "DATA_DIR": str(tmp_path), **KEYS}
    done = run(command, settings=settings)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (75, "", 1), done.stderr


@pytest.mark.parametrize("command", MAINTENANCE)
@pytest.mark.parametrize(("name", "value"), [("ACCESS_HOURS", "many"), ("MONGODB_URI", "mongodb://:@")])
def test_wrong_settings_are_told_as_such(command: str, name: str, value: str, tmp_path: Path) -> None:
    """Code 2, and one line that names the setting."""
    done = run(command, settings={"MONGODB_URI": NOWHERE, "DATA_DIR": str(tmp_path), name: value})
    assert (done.returncode, len(done.stderr.splitlines()), name in done.stderr) == (2, 1, True), done.stderr


@pytest.mark.parametrize("command", ["rotate_master_key", "replay_erasures", "seal_existing"])
async def test_a_key_service_that_cannot_be_set_up_is_a_wrong_setting(system: System, command: str) -> None:
    """Code 2 and the setting's name, no traceback."""
    wrong = {"KMS_PROVIDER": "kmip", "KMS_PROVIDER_OPTIONS": '{"endpoint": 1}'}
    done = run(command, settings={**settings_of(system), **wrong})
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "KMS_PROVIDER_OPTIONS" in done.stderr


async def test_keys_that_are_not_set_up_here_leave_no_doubt(system: System) -> None:
    """A wrong master key opens nothing: the erasures were not replayed, which is not the same as none needed."""
    done = run("replay_erasures", settings={**settings_of(system), "MASTER_KEY": KEYS["MASTER_KEY"]})
    assert (done.returncode, done.stdout) == (75, ""), done.stderr
    assert "master key" in done.stderr.splitlines()[-1]
