"""scripts/schema: writes what is generated from the code: the SDL, and the tables of the README."""

import argparse
import re
import sys
from pathlib import Path

from pydantic import SecretStr

from app.settings import Settings
from auth.principal import Role
from auth.rights import RIGHTS, Caller
from graphql_schema.schema import SDL_PATH, print_sdl
from scripts.commands.exits import ROOT, Exit, fail

README = ROOT / "README.md"


def rights_table() -> str:
    """Return the README's table of rights."""
    callers: list[Caller] = [None, *Role]
    lines = ["| | " + " | ".join(caller.value if caller else "no token" for caller in callers) + " |"]
    lines.append("|---" * (len(callers) + 1) + "|")
    for action, row in RIGHTS.items():
        cells = [row[caller].value if caller in row else "-" for caller in callers]
        lines.append(f"| {action.value} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def settings_table() -> str:
    """Return the README's table of settings."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        shown = f"`{value}`" if value not in ("", None, (), []) else ""
        lines.append(f"| `{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(lines)


TABLE_PARTS = 4  # before, the opening marker, the closing one, after
TABLES = {"rights": rights_table, "settings": settings_table}


def fill_readme(text: str) -> str:
    """Return the README with its generated tables up to date."""
    for name, table in TABLES.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
        parts = pattern.split(text)
        text = f"{parts[0]}{parts[1]}{table()}{parts[2]}{parts[3]}" if len(parts) == TABLE_PARTS else text
    return text


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="scripts/schema", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if something is out of date")
    options = parser.parse_args()
    wanted: dict[Path, str] = {SDL_PATH: print_sdl()}
    if README.exists():
        wanted[README] = fill_readme(README.read_text(encoding="utf-8"))
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if options.check and stale:
        fail(Exit.FAILED, f"out of date: {', '.join(path.name for path in stale)}; run scripts/schema")
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main())
