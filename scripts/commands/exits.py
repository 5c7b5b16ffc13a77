"""Exit codes of the commands and the one way to fail with words. Listed in scripts/README.md."""

import sys
from enum import IntEnum
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]


class Exit(IntEnum):
    """Codes from 64 on have the meaning that sysexits.h gives them; argparse itself ends with 2."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NO_API = 3
    DATA_FOLDER_IN_USE = 4
    PORT_IN_USE = 5
    NO_MONGOD = 6
    NO_DATABASE = 66
    MISSING_REQUIREMENT = 69
    UNREACHABLE = 75
    REFUSED = 77


def fail(code: Exit, message: str) -> NoReturn:
    """End the command with a line on standard error."""
    sys.stderr.write(f"error: {message}\n")
    raise SystemExit(code)


def say(message: str) -> None:
    """Report progress on standard error, which keeps standard output for results."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
