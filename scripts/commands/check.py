"""scripts/check: format, lint and types, all of them even if the first fails."""

import argparse
import subprocess
import sys
import time

from scripts.commands.exits import ROOT, Exit, say

FOLDERS = ("app", "auth", "graphql_schema", "scripts", "tests")


def run_checks(*, fix: bool = False) -> list[str]:
    """Run each check and give the names of those that failed."""
    folders = [name for name in FOLDERS if any((ROOT / name).rglob("*.py"))]
    checks = {
        "ruff format": ["ruff", "format", *(() if fix else ("--check",)), *folders],
        "ruff check": ["ruff", "check", *(("--fix",) if fix else ()), *folders],
        "mypy": ["mypy", *folders],
    }
    return [name for name, command in checks.items() if not _passes(name, command)]


def _passes(name: str, command: list[str]) -> bool:
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False)
    say(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'} in {time.monotonic() - started:.1f} s")
    return done.returncode == 0


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="scripts/check", description="Check format, lint (ruff) and types (mypy).")
    parser.add_argument("--fix", action="store_true", help="format, and mend what ruff can mend, instead of failing")
    return Exit.FAILED if run_checks(fix=parser.parse_args().fix) else Exit.OK


if __name__ == "__main__":
    sys.exit(main())
