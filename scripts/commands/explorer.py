"""Builds the explorer's files when they are missing or older than their sources; how, only `app/web/build` knows."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from scripts.commands.exits import ROOT, say

WEB = ROOT / "app" / "web"
DIST = WEB / "dist"
NOT_SOURCES = frozenset({"dist", "node_modules"})


def is_stale() -> bool:
    """Whether the built files are missing or older than the newest source."""
    if not DIST.is_dir():
        return True
    built = max((file.stat().st_mtime for file in _files(DIST)), default=0.0)
    return built < max((file.stat().st_mtime for file in _files(WEB)), default=0.0)


def ensure_explorer() -> bool:
    """Build if needed; False, with the reason on standard error, when there is no explorer to serve."""
    build = WEB / "build"
    if not is_stale():
        return True
    if not os.access(build, os.X_OK):
        say("explorer: app/web/build is missing, going on without the explorer")
        return False
    say("explorer: building")
    if subprocess.run([str(build)], cwd=ROOT, stdout=2, check=False).returncode:
        say("explorer: could not be built, see above; going on without it")
        return False
    return True


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in NOT_SOURCES]
        yield from (Path(place) / name for name in names)
