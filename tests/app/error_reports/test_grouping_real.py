"""Errors that are really raised in Python and Node group as a person would group them."""

import json
import shutil
import subprocess
import traceback
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from app.error_reports.grouping import fingerprint_of

FAULTS = Path(__file__).with_name("faults")
RELEASES = ("app-1.2.3", "releases/20260401120000/app")  # where two versions of the same code lie
MOVED_LINES = (0, 37)
SOURCES = {"faults.py": "faults_py.txt", "faults.js": "faults.js"}  # data of this test, not code of the project


def fingerprint(exception: dict[str, str]) -> str:
    """Return the group of a report of this exception."""
    return fingerprint_of({"kind": "EXCEPTION"}, {"exception": exception})


def told_by_python(file: Path) -> list[dict[str, str]]:
    """Run the faults of a Python file and return what a client would report of each."""
    space: dict[str, Any] = {}
    exec(compile(file.read_text(), str(file), "exec"), space)  # noqa: S102 - a file of this test
    told = []
    for name, (run, calls) in space["FAULTS"].items():
        for given in calls:
            try:
                run(*given)
            except Exception as error:  # noqa: BLE001 - each fault is of another kind
                text = "".join(traceback.format_exception(error))
                said = {"type": type(error).__name__, "message": str(error), "stackTrace": text}
                told.append({"fault": name, **said})
    return told


def told_by_node(file: Path) -> list[dict[str, str]]:
    """Run the faults of a JavaScript file in Node and return what a client would report of each."""
    done = subprocess.run([shutil.which("node") or "node", str(file)], capture_output=True, text=True, check=True)
    told: list[dict[str, str]] = json.loads(done.stdout)
    return told


def groups_of_releases(name: str, told_by: Any, folder: Path) -> dict[str, set[str]]:  # noqa: ANN401 - a function
    """Return the groups of each fault over two releases of the same code, in other folders and with other lines."""
    comment = "//" if name.endswith(".js") else "#"
    groups: dict[str, set[str]] = defaultdict(set)
    for release, moved in zip(RELEASES, MOVED_LINES, strict=True):
        file = folder / release / name
        file.parent.mkdir(parents=True)
        file.write_text(f"{comment}\n" * moved + (FAULTS / SOURCES[name]).read_text())
        for said in told_by(file):
            fault = said.pop("fault")
            groups[fault].add(fingerprint(said))
    return groups


@pytest.mark.parametrize(("name", "told_by"), [("faults.py", told_by_python), ("faults.js", told_by_node)])
def test_same_fault_one_group_different_faults_different_groups(name: str, told_by: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Across releases with moved lines, other data and other depths; chained, grouped and async ones too."""
    groups = groups_of_releases(name, told_by, tmp_path)
    assert len(groups) >= 9
    assert {fault: len(found) for fault, found in groups.items()} == dict.fromkeys(groups, 1)
    assert len(set.union(*groups.values())) == len(groups)


def test_a_new_caller_far_away_makes_no_new_group() -> None:
    """Only the nearest frames count."""
    near = '  File "/app/teams.py", line 3, in create\n  File "/app/teams.py", line 9, in check\n'
    deep = "".join(f'  File "/app/{name}.py", line 1, in {name}\n' for name in ("main", "web", "jobs", "teams_api"))
    first, second = (
        fingerprint({"type": "E", "stackTrace": f"Traceback (most recent call last):\n{frames}{near}ValueError: x"})
        for frames in (deep, deep.replace("main", "cron"))
    )
    assert first == second
