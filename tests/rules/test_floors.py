"""The house's floors: imports point down, sideways only where named, and nowhere in a ring."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("auth", "app", "graphql_schema")

GROUND = 1
FLOORS = {
    "auth": GROUND,
    "app.settings": GROUND,
    "app.errors": GROUND,
    "app.clock": GROUND,
    "app.log": GROUND,
    "app.practices": GROUND,
    "app.time_limit": GROUND,
    "app.ingest": GROUND,
    "app.operation": GROUND,
    "app.identity": GROUND,
    "app.database": 2,
    "app.census": 3,
    "app.usage": 3,
    "app.profiles": 3,
    "app.error_reports": 3,
    "app.receipts": 3,
    "app.support": 3,
    "app.subject_rights": 3,
    "app.dashboards": 3,
    "app.web": 4,
    "app.http": 4,
    "graphql_schema": 4,
    "app.main": 5,
}
SIDEWAYS = {
    ("app.support", "app.profiles"),
    ("app.support", "app.receipts"),
    *(("app.subject_rights", f"app.{room}") for room in ("profiles", "usage", "error_reports", "receipts", "support")),
    ("app.dashboards", "app.usage"),
    ("app.dashboards", "app.census"),
    ("app.settings", "app.errors"),
    ("app.ingest", "app.errors"),
    ("app.operation", "auth"),
}
DRIVERS = {"motor", "pymongo", "bson", "gridfs"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Each module of the rooms, parsed."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "node_modules" not in path.parts:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                yield name, ast.parse(path.read_text(encoding="utf-8"))


def is_for_types(node: ast.AST) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports_of(tree: ast.AST) -> Iterator[str]:
    """The modules that a tree imports; what only the type checker reads does not count."""
    checked = {id(inner) for node in ast.walk(tree) if is_for_types(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in checked:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def room_of(module: str) -> str | None:
    """The room of FLOORS that a module lies in."""
    parts = module.split(".")
    for length in (2, 1):
        name = ".".join(parts[:length])
        if name in FLOORS:
            return name
    return None


def test_imports_point_down() -> None:
    """A room imports lower floors only, and its neighbours only where the house names them."""
    breaches = []
    for name, tree in modules():
        here = room_of(name)
        for target in imports_of(tree):
            there = room_of(target)
            if here is None or there is None or here == there or (here, there) in SIDEWAYS:
                continue
            if FLOORS[there] >= FLOORS[here]:
                breaches.append(f"{name} imports {target}")
    assert breaches == []


def test_every_module_has_a_floor() -> None:
    """No module stands outside the house."""
    assert [name for name, _ in modules() if name != "app" and room_of(name) is None] == []


def test_auth_knows_nothing_of_the_app() -> None:
    """`auth/` could be lifted out whole."""
    assert [
        name
        for name, tree in modules()
        if name.startswith("auth")
        for target in imports_of(tree)
        if target.split(".")[0] in {"app", "graphql_schema"}
    ] == []


def test_no_ring_of_files() -> None:
    """No file imports its way back to itself."""
    trees = dict(modules())
    graph = {name: {target for target in imports_of(tree) if target in trees} for name, tree in trees.items()}
    state: dict[str, int] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert state.get(name) != 1, f"ring: {' -> '.join((*path, name))}"
        if state.get(name) is None:
            state[name] = 1
            for target in sorted(graph[name]):
                visit(target, (*path, name))
            state[name] = 2

    for name in graph:
        visit(name, ())


def test_only_the_database_room_knows_motor() -> None:
    """The driver can be exchanged in one room."""
    breaches = [
        name
        for name, tree in modules()
        if not name.startswith("app.database")
        for target in imports_of(tree)
        if target.split(".")[0] == "motor"
    ]
    assert breaches == []


def test_one_file_reads_the_environment() -> None:
    """Settings are read once, in one place; the embedded mongod searches PATH."""
    readers = [
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert set(readers) <= {"app.settings", "app.database.embedded"}


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "manager"])
def test_no_room_without_a_purpose(word: str) -> None:
    """Names say what a module is for."""
    assert [name for name, _ in modules() if word in name] == []
