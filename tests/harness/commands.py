"""Runs a command as an operator does: in an environment of its own, from any folder."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.harness.system import System

ROOT = Path(__file__).resolve().parents[2]
Done = subprocess.CompletedProcess[str]


def run(command: str, *arguments: str | Path, settings: Mapping[str, str], cwd: Path = ROOT) -> Done:
    """Run `scripts/<command>` with nothing of this process's environment but these settings."""
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings}
    call = [sys.executable, "-P", "-m", f"scripts.commands.{command}", *map(str, arguments)]
    return subprocess.run(call, cwd=cwd, env=known, capture_output=True, text=True, check=False, timeout=60)


def settings_of(system: System) -> dict[str, str]:
    """Return the settings that lead a command to a system's database."""
    settings = system.services.settings
    uri = settings.mongodb_uri.get_secret_value()
    return {"MONGODB_URI": uri, "MONGODB_DATABASE": settings.mongodb_database, "DATA_DIR": str(settings.data_dir)}
