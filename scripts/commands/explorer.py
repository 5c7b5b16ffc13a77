"""Builds the explorer where it is missing or not current; how, and whether, only `app/web/build` knows."""

import subprocess

from scripts.commands.exits import ROOT, say

BUILD = ROOT / "app" / "web" / "build"


def ensure_explorer() -> bool:
    """Build if needed (the script is silent when all is current); False when there is no explorer to serve."""
    if subprocess.run([str(BUILD)], cwd=ROOT, stdout=2, check=False).returncode:
        say("explorer: could not be built, see above; going on without it")
        return False
    return True
