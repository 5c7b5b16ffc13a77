"""The house's sizes: files of at most 300 lines, functions of at most 40, no import inside a function without a reason."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("auth", "app", "graphql_schema", "scripts")
FILE_LINES = 300
FUNCTION_LINES = 40

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    """The Python files of the rooms."""
    return [path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "node_modules" not in path.parts]


def length_of(function: Function) -> int:
    """The lines of a function without its docstring."""
    first = function.body[0]
    lines = (function.end_lineno or 0) - function.lineno + 1
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def functions() -> list[tuple[Path, Function]]:
    """Each function of the rooms."""
    return [
        (path, node)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, Function)
    ]


def test_files_are_short() -> None:
    """No file has more than 300 lines."""
    assert [path.name for path in sources() if len(path.read_text(encoding="utf-8").splitlines()) > FILE_LINES] == []


def test_functions_are_short() -> None:
    """No function has more than 40 lines besides its docstring."""
    assert [f"{path.name}:{node.name}" for path, node in functions() if length_of(node) > FUNCTION_LINES] == []


def test_imports_stand_at_the_top() -> None:
    """An import inside a function has its reason on the line (heavy, optional)."""
    found = []
    for path, node in functions():
        lines = path.read_text(encoding="utf-8").splitlines()
        found += [
            f"{path.name}:{inner.lineno}"
            for inner in ast.walk(node)
            if isinstance(inner, ast.Import | ast.ImportFrom) and "#" not in lines[inner.lineno - 1]
        ]
    assert found == []


def test_modules_say_what_they_promise() -> None:
    """Each module opens with a docstring, empty package files excepted."""
    silent = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        if text.strip() and not ast.get_docstring(ast.parse(text)):
            silent.append(path.name)
    assert silent == []
