"""The build command, as a person types it."""

import subprocess
import time
from pathlib import Path

BUILD = Path(__file__).parents[3] / "app" / "web" / "build"


def build(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run([str(BUILD), *arguments], capture_output=True, text=True, check=False)


def test_current_build_is_silent_and_instant() -> None:
    """Calling it before each start costs nothing."""
    start = time.perf_counter()
    done = build()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.perf_counter() - start < 2  # a few ms; a build takes longer than this


def test_help_says_what_it_uses() -> None:
    """Options and where Node comes from."""
    done = build("--help")
    assert done.returncode == 0
    assert "--force" in done.stdout
    assert "node.lock" in done.stdout


def test_unknown_option_is_refused() -> None:
    """Usage on the error stream, exit code 2, nothing built."""
    done = build("--nope")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "usage:" in done.stderr
