"""What is imported is declared: nothing is there only because another package happens to bring it."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TOOLS = [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
ALLOWED = {
    "app": PROJECT["dependencies"],
    "auth": PROJECT["dependencies"],
    "graphql_schema": PROJECT["dependencies"],
    "scripts": PROJECT["dependencies"] + TOOLS,
    "tests": PROJECT["dependencies"] + TOOLS,
}


def name_of(requirement: str) -> str:
    """The name of a package in the one spelling that all agree on, whatever version or extra is asked for."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement)[0]).lower()


def imported(room: str) -> set[str]:
    """The modules from elsewhere that the files of a room import, by their first name."""
    found = set()
    for path in (ROOT / room).rglob("*.py"):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - ALLOWED.keys()


@pytest.mark.parametrize("room", ALLOWED)
def test_each_package_that_is_imported_is_declared(room: str) -> None:
    """A package that comes with another one goes with it, too."""
    brought_by = packages_distributions()
    declared = {name_of(requirement) for requirement in ALLOWED[room]}
    bringing = {module: {name_of(package) for package in brought_by.get(module, ())} for module in imported(room)}
    assert {module for module, packages in bringing.items() if not declared & packages} == set()


def test_each_declared_package_is_locked() -> None:
    """What is installed is what was looked at."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {name_of(line) for line in lock.splitlines() if line[:1].isalnum()}
    assert {name_of(line) for line in [*PROJECT["dependencies"], *TOOLS]} <= locked
