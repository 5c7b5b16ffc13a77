"""Only the support gate makes the proof that opens restricted values."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("app", "auth", "graphql_schema", "scripts")
MAKERS = ("app/database/access.py", "app/support/")
GUARDED = {"grant_access", "_MAKER"}


def named_in(path: Path) -> set[str]:
    """Return every name, attribute and imported name in a source file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                names.add(name)
    return names


def test_only_support_grants_access() -> None:
    """No other code names the maker of an OpenAccess or the object that its constructor asks for."""
    files = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts]
    elsewhere = [path for path in files if not path.relative_to(ROOT).as_posix().startswith(MAKERS)]
    assert len(elsewhere) < len(files)
    assert [path.name for path in elsewhere if GUARDED & named_in(path)] == []
