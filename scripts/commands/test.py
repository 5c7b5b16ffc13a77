"""scripts/test: the checks, then what the tests need, then every test on all cores with branch coverage."""

import argparse
import os
import shutil
import subprocess
import sys

from scripts.commands.check import run_checks
from scripts.commands.exits import ROOT, Exit, fail, say
from scripts.commands.explorer import ensure_explorer

CLIENTS = ROOT / "tests" / "clients"
# A browser for the explorer's tests; one of the stores where hosts count calls together.
PROGRAMS = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "redis-server": ("redis-server",)}


def install_programs() -> None:
    """Get the system's packages for root; for others only the browser, which Playwright has too."""
    missing = [package for package, names in PROGRAMS.items() if not any(shutil.which(name) for name in names)]
    if not missing:
        return
    say(f"tests: installing {', '.join(missing)}")
    if os.geteuid() == 0 and shutil.which("apt-get"):
        commands = [["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", *missing]]
    elif missing == ["chromium"]:
        commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    else:
        commands = []
    if not commands or any(subprocess.run(command, stdout=2, check=False).returncode for command in commands):
        fail(
            Exit.MISSING_REQUIREMENT, f"the tests need {' and '.join(missing)}; install what is missing and start again"
        )


def install_clients() -> None:
    """Get the npm packages of the public-client tests, once for each state of their lock file."""
    wanted = CLIENTS / "package-lock.json"
    installed = CLIENTS / "node_modules" / ".package-lock.json"
    if not wanted.exists() or (installed.exists() and installed.stat().st_mtime >= wanted.stat().st_mtime):
        return
    npm = shutil.which("npm")
    if npm is None:
        fail(Exit.MISSING_REQUIREMENT, "npm is needed for tests/clients; install Node and start again")
    say("tests: installing the npm packages of tests/clients")
    if subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=CLIENTS, stdout=2, check=False).returncode:
        fail(Exit.MISSING_REQUIREMENT, "npm ci failed in tests/clients")


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="scripts/test", description="Run scripts/check, then every test.", epilog="Other arguments go to pytest."
    )
    parser.add_argument("--no-check", action="store_true", help="leave scripts/check out")
    options, for_pytest = parser.parse_known_args()
    if not options.no_check and (failed := run_checks()):
        fail(Exit.FAILED, f"checks failed, so no test was run: {', '.join(failed)}")
    install_programs()
    install_clients()
    ensure_explorer()
    # For a choice of tests coverage would only be noise, and workers would only be to wait for.
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    whole = ["--cov", "--cov-report=term", f"--numprocesses={workers}", "--dist=loadgroup"]
    done = subprocess.run([sys.executable, "-m", "pytest", *(for_pytest or whole)], cwd=ROOT, check=False)
    return Exit.OK if done.returncode == 0 else Exit.FAILED


if __name__ == "__main__":
    sys.exit(main())
