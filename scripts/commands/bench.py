"""scripts/bench: runs one of the measurements; each prints a table of ratios taken in one run."""

import argparse
import importlib
import pkgutil
import sys

from scripts import benchmarks
from scripts.commands.exits import Exit


def main() -> int:
    """Run the command."""
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.ispkg)
    measurements = [name for name in names if hasattr(importlib.import_module(f"scripts.benchmarks.{name}"), "main")]
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__, add_help=False)
    parser.add_argument("name", nargs="?", default="against_peers", choices=measurements, help="what to measure")
    if not set(sys.argv[1:2]) & set(measurements):
        parser.add_argument("-h", "--help", action="help", help="show this; `scripts/bench NAME --help` tells of one")
    options, rest = parser.parse_known_args()
    module = importlib.import_module(f"scripts.benchmarks.{options.name}")
    return int(module.main(rest)) or Exit.OK


if __name__ == "__main__":
    sys.exit(main())
