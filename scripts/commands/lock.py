"""scripts/lock: makes requirements.lock from pyproject.toml, with hashes and without any index address."""

import argparse
import subprocess
import sys

from scripts.commands.exits import ROOT, Exit, fail, say

LOCK = ROOT / "requirements.lock"
OPTIONS = (
    "--all-extras --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url "
    # Without its extras a pin does not bind where another package asks for them: pip then takes the newest.
    "--no-strip-extras --no-emit-find-links --quiet"
)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="scripts/lock", description="Make requirements.lock from pyproject.toml.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions, not those locked now")
    upgrade = ["--upgrade"] if parser.parse_args().upgrade else []
    fresh = LOCK.with_suffix(".lock.new")
    if LOCK.exists():
        fresh.write_bytes(LOCK.read_bytes())  # uv keeps the versions it finds in its output file
    compile_ = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", *OPTIONS.split(), *upgrade]
    try:
        if subprocess.run([*compile_, "-o", str(fresh)], cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode:
            fail(Exit.FAILED, "uv found no set of versions; requirements.lock is as it was")
        if "://" in fresh.read_text(encoding="utf-8"):
            fail(Exit.FAILED, "the new lock names an address; requirements.lock is as it was")
        fresh.replace(LOCK)
    finally:
        fresh.unlink(missing_ok=True)
    say("requirements.lock is made")
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main())
