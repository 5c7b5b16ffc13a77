"""scripts/token: one token of the development issuer on standard output, and nothing else there."""

import argparse
import os
import sys

from auth.development import DevelopmentIssuer
from auth.principal import Role
from scripts.commands.exits import Exit, fail
from scripts.commands.storage import add_data_option, data_folder

HOURS_MAX = 24 * 31


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="scripts/token",
        description="Print one token signed by the development issuer of a data folder.",
        epilog="Without --user it is for a fixed person of the demo data.",
    )
    parser.add_argument("--role", required=True, choices=[role.value for role in Role], help="role of the token")
    parser.add_argument("--user", metavar="ID", help="user id (a UUID)")
    parser.add_argument("--company", metavar="ID", help="company id (a UUID)")
    parser.add_argument("--hours", type=float, default=8, help="life of the token (default 8)")
    add_data_option(parser)
    options = parser.parse_args()
    if os.environ.get("ENVIRONMENT") == "production":
        fail(Exit.REFUSED, "there is no development issuer with ENVIRONMENT=production")
    if not 0 < options.hours <= HOURS_MAX:
        parser.error(f"argument --hours: expected more than 0 and at most {HOURS_MAX}")
    data = data_folder(options.data)
    try:
        issuer = DevelopmentIssuer(data)
    except (OSError, ValueError) as error:
        fail(Exit.FAILED, f"the development key of {data} cannot be used: {error}")
    sys.stdout.write(issuer.sign(Role(options.role), options.user, options.company, options.hours) + "\n")
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main())
