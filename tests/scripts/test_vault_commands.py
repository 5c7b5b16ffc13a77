"""Promises of `rotate-master-key` and `seal-existing`, run as an operator runs them."""

import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.database.embedded import EmbeddedMongod
from tests.app.database.vaults import ACCESS, Vaults, fresh_vaults

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def vaults(mongod: EmbeddedMongod, tmp_path: Path) -> AsyncIterator[Vaults]:
    """Give a prepared database that vaults are opened on."""
    async with fresh_vaults(mongod.uri, tmp_path, "motor") as made:
        yield made


def run(
    vaults: Vaults, command: str, *arguments: str, master_key: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in the environment of a server."""
    settings = vaults.settings
    environment = {
        "PATH": os.environ["PATH"],
        "MONGODB_URI": settings.mongodb_uri.get_secret_value(),
        "MONGODB_DATABASE": settings.mongodb_database,
        "DATA_DIR": str(settings.data_dir),
        "MASTER_KEY": settings.master_key.get_secret_value() if master_key is None else master_key,
    }
    module = [sys.executable, "-m", f"scripts.commands.{command}", *arguments]
    return subprocess.run(module, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


async def test_rotation_by_command_makes_a_key_file(vaults: Vaults, tmp_path: Path) -> None:
    """The new key lies in a file of its owner only, opens everything, and a second run finds nothing to do."""
    old = await vaults.open()
    sealed = await old.vault.seal("company", {"msUpn": "planted"})
    file = tmp_path / "new.key"
    done = run(vaults, "rotate_master_key", "--write", str(file))
    assert (done.returncode, done.stdout) == (0, "2 data keys are wrapped by the new master key\n"), done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run(vaults, "rotate_master_key", "--write", str(file)).stdout.startswith("0 data keys")
    new = await vaults.open(master_key=file.read_text())
    assert await new.vault.open(ACCESS, [sealed["msUpn"]]) == ["planted"]
    assert file.read_text() not in done.stdout + done.stderr


async def test_rotation_in_development_replaces_the_key_of_the_data_folder(vaults: Vaults) -> None:
    """Without MASTER_KEY the key in the data folder gives way to a new one."""
    old = await vaults.open(master_key="")
    sealed = await old.vault.seal("company", {"msUpn": "planted"})
    file = vaults.settings.data_dir / "keys" / "master.key"
    before = file.read_text()
    done = run(vaults, "rotate_master_key", master_key="")
    assert done.returncode == 0, done.stderr
    assert file.read_text() != before
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]
    new = await vaults.open(master_key="")
    assert await new.vault.open(ACCESS, [sealed["msUpn"]]) == ["planted"]


async def test_rotation_needs_a_new_key(vaults: Vaults) -> None:
    """Without one it ends with code 2 and says what is missing."""
    done = run(vaults, "rotate_master_key")
    assert done.returncode == 2
    assert "NEW_MASTER_KEY" in done.stderr


async def test_plain_values_are_sealed_where_they_are(vaults: Vaults) -> None:
    """What an older version stored as text is sealed under its owner's key; what was sealed stays as it was."""
    opened = await vaults.open()
    sealed = await opened.vault.seal("company", {"name": "sealed before"})
    rows = [stored_user(number, {"msUpn": f"upn{number}", "tld": None, **sealed}) for number in range(450)]
    await opened.database["users"].insert_many(rows, bypass_document_validation=True)
    done = run(vaults, "seal_existing")
    assert (done.returncode, done.stdout) == (0, "450 documents sealed, 0 left\n"), done.stderr
    stored = await opened.database["users"].find_one({"_id": "user7"})
    assert stored["restricted"]["name"] == sealed["name"]
    assert stored["restricted"].keys() == {"msUpn", "name"}
    assert await opened.vault.open(ACCESS, [stored["restricted"]["msUpn"]]) == ["upn7"]
    await opened.vault.destroy_key("company")
    assert await opened.vault.open(ACCESS, [stored["restricted"]["msUpn"]]) == [None]


async def test_sealing_names_what_it_could_not_seal(vaults: Vaults) -> None:
    """A document that may not be stored for another reason is left and counted; the others are sealed."""
    opened = await vaults.open()
    rows = [stored_user(1, {"msUpn": "upn1"}), {**stored_user(2, {"msUpn": "upn2"}), "surplus": True}]
    await opened.database["users"].insert_many(rows, bypass_document_validation=True)
    done = run(vaults, "seal_existing")
    assert (done.returncode, done.stdout) == (1, "1 documents sealed, 1 left\n"), done.stderr


def stored_user(number: int, restricted: dict[str, Any]) -> dict[str, Any]:
    """Return a user as an older version stored it."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        "_id": f"user{number}",
        "kind": "IDENTIFIED",
        "verified": True,
        "companyId": "company",
        "profile": {},
        "restricted": restricted,
        "collectedAt": now,
        "firstSeenAt": now,
        "lastSeenAt": now,
        "practicesVersion": "2019-10-09",
    }
