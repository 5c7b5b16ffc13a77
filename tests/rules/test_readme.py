"""The README tells the truth: its tables are those of the code, its first command comes early."""

from scripts.commands.schema import README, fill_readme

FIRST_COMMAND_BEFORE = 20


def test_tables_are_those_of_the_code() -> None:
    """Rights and settings in the README are generated (scripts/schema writes them)."""
    text = README.read_text(encoding="utf-8")
    assert fill_readme(text) == text


def test_both_tables_are_there() -> None:
    """The markers between which they are written exist."""
    text = README.read_text(encoding="utf-8")
    assert all(f"<!-- {name} -->" in text and f"<!-- /{name} -->" in text for name in ("rights", "settings"))


def test_first_command_comes_early() -> None:
    """`scripts/serve` stands before line 20."""
    lines = README.read_text(encoding="utf-8").splitlines()
    assert any("scripts/serve" in line for line in lines[: FIRST_COMMAND_BEFORE - 1])
