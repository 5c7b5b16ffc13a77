"""scripts/replay-erasures keeps and reads whole lists only, and changes no life of what a server keeps."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.settings import DAY_SECONDS
from auth.principal import Role
from scripts.commands.erasure_file import ErasureFileError, load_erasures, save_erasures
from tests.harness.commands import run, settings_of
from tests.harness.system import System


def erasure(name: str, **changes: object) -> dict[str, Any]:
    """An entry of the list."""
    moment = datetime(2026, 5, 4, 12, 30, 0, 1000, tzinfo=UTC)
    about = {"kind": "USER", "subjectId": name, "companyId": "company", "receiptSequence": 1, "keyDestroyed": False}
    return {"_id": name, **about, "erasedAt": moment, "completedAt": moment, "counts": {"users": 1}, **changes}


EARLIER = datetime(2026, 5, 4, tzinfo=UTC)
ERASURES = [erasure("one"), erasure("two", completedAt=None), erasure("three")]


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """Any number of them, none too; nothing else lies in the folder afterwards."""
    file = tmp_path / "erasures"
    for erasures in (ERASURES, [], ERASURES[:1]):
        save_erasures(file, erasures)
        assert load_erasures(file) == erasures
    assert list(tmp_path.iterdir()) == [file]


def test_a_list_takes_the_place_of_the_older_in_one_step(tmp_path: Path) -> None:
    """Whoever has the older one open reads it to its end; where the new one cannot be written the older one stays."""
    file = tmp_path / "erasures"
    save_erasures(file, ERASURES)
    whole = file.read_bytes()
    with file.open("rb") as older:
        save_erasures(file, [])
        assert older.read() == whole
    with pytest.raises(TypeError):
        save_erasures(file, [*ERASURES, erasure("four", counts=object())])
    assert load_erasures(file) == []
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    """At each byte, after each line; a line more or a file of something else is refused as well."""
    file = tmp_path / "erasures"
    save_erasures(file, ERASURES)
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    broken = [whole[:length] for length in range(len(whole) - 1)]
    for content in (*broken, b"".join(lines[1:]), lines[0] + whole, whole + whole, b"[]\n", b'{"a": 1}\n'):
        file.write_bytes(content)
        with pytest.raises(ErasureFileError, match=str(file)):
            load_erasures(file)


def test_a_list_of_before_says_what_it_lacks(tmp_path: Path) -> None:
    """Earlier versions told no number, so nothing proves such a list whole; the operator adds it and goes on."""
    file = tmp_path / "erasures"
    save_erasures(file, ERASURES)
    *lines, last = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines))
    with pytest.raises(ErasureFileError) as refusal:
        load_erasures(file)
    assert last.decode().strip().replace(" ", "") in str(refusal.value).replace(" ", "")
    file.write_bytes(b"".join(lines) + last)
    assert load_erasures(file) == ERASURES


async def test_a_lost_key_is_not_waited_for(system: System) -> None:
    """Without the database of secrets nothing opens: the command says what helps, and not to run it again."""
    await system.ask('mutation { saveCompany(input: { license: "pro" }) { id } }', Role.COMPANY_ADMIN)
    await system.services.database.secrets["vault_keys"].delete_many({})
    done = run("replay_erasures", settings=settings_of(system))
    assert (done.returncode, done.stdout) == (1, "")
    assert "a copy of the database of secrets must be restored" in done.stderr
    assert "again" not in done.stderr


async def test_a_cut_file_ends_the_command_before_it_erases(system: System, tmp_path: Path) -> None:
    """Code 2 and what is wrong; nothing of it gets into the database."""
    file = tmp_path / "erasures"
    save_erasures(file, ERASURES)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    done = run("replay_erasures", "--from", file, settings=settings_of(system))
    assert (done.returncode, done.stdout, "cut off" in done.stderr) == (2, "", True), done.stderr
    assert await system.services.database.secrets["erasures"].count_documents({}) == 0


async def test_an_older_copy_takes_nothing_back(system: System, tmp_path: Path) -> None:
    """What was completed after the copy was made stays completed at its moment, and no field is changed."""
    file, erasures = tmp_path / "erasures", system.services.database.secrets["erasures"]
    later = erasure("company", kind="COMPANY", subjectId=None, counts={"users": 3}, keyDestroyed=True)
    save_erasures(file, [{**later, "erasedAt": EARLIER, "completedAt": None, "askedId": "company"}])
    await erasures.insert_one(later)
    done = run("replay_erasures", "--from", file, settings=settings_of(system))
    assert done.returncode == 0, done.stderr
    assert await erasures.find({}).to_list(None) == [later]


async def test_a_copy_adds_what_the_list_does_not_know(system: System, tmp_path: Path) -> None:
    """Entries that are missing, and the completion of one that a restored list has as unfinished."""
    file, erasures = tmp_path / "erasures", system.services.database.secrets["erasures"]
    completed = [erasure("one"), erasure("two")]
    save_erasures(file, completed)
    await erasures.insert_one({**completed[0], "erasedAt": EARLIER, "completedAt": None, "askedId": "profile"})
    done = run("replay_erasures", "--from", file, settings=settings_of(system))
    assert done.returncode == 0, done.stderr
    assert await erasures.find({}).sort("_id", 1).to_list(None) == [
        {**completed[0], "askedId": "profile"},
        completed[1],
    ]


async def test_saving_forgets_nothing_that_the_file_knows(system: System, tmp_path: Path) -> None:
    """A list that was lost or restored from an older copy empties no file; what has died there goes."""
    file, erasures = tmp_path / "erasures", system.services.database.secrets["erasures"]
    file.touch()
    now = system.clock().replace(microsecond=0)
    known = [erasure(name, erasedAt=now, completedAt=now) for name in ("one", "two", "three")]
    unfinished = {**known[1], "completedAt": None}
    await erasures.insert_many([known[0], unfinished])
    for listed, told in ([known[0], unfinished], "2 erasures saved"), ([], "2 erasures saved, 2 of which only"):
        await erasures.delete_many({})
        await erasures.insert_many(listed) if listed else None
        assert told in run("replay_erasures", "--save", file, settings=settings_of(system)).stdout
        assert load_erasures(file) == [known[0], unfinished]
    save_erasures(file, [*known[:2], erasure("dead", erasedAt=EARLIER - timedelta(days=4_000))])
    await erasures.insert_many([unfinished, known[2]])
    assert (
        "3 erasures saved, 1 of which only"
        in run("replay_erasures", "--save", file, settings=settings_of(system)).stdout
    )
    assert load_erasures(file) == known
    file.write_bytes(file.read_bytes()[:-9])
    refused = run("replay_erasures", "--save", file, settings=settings_of(system))
    assert (refused.returncode, "cut off" in refused.stderr) == (2, True)


@pytest.mark.parametrize("command", ["replay_erasures", "seal_existing"])
async def test_lives_are_left_to_the_server(system: System, command: str) -> None:
    """A shell without the server's settings lengthens and shortens none."""
    database = system.services.database.raw
    life = {"name": "receivedAt_1", "expireAfterSeconds": 9 * DAY_SECONDS}
    await database.command("collMod", "events", index=life)
    done = run(command, settings=settings_of(system))
    assert done.returncode == 0, done.stderr
    indexes = await system.services.database.index_information("events")
    assert indexes["receivedAt_1"]["expireAfterSeconds"] == life["expireAfterSeconds"]
