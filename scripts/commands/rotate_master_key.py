"""scripts/rotate-master-key: wraps all data keys by a new master key; no sealed value and no index changes.

May be stopped and run again at any time: each data key says which master key wraps it, and both are served meanwhile.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from pydantic import SecretStr

from app.database.client import connect
from app.database.keyring import Keyring, development_key_path, load_keyring, make_key_file, next_key_path
from app.database.moving import has_unmoved
from app.database.vault import Vault
from app.settings import Settings
from scripts.commands.exits import Exit, fail, say
from scripts.commands.storage import add_data_option, existing_database, progress_bar, read_settings

KEYS_AT_A_TIME = 50
EPILOG = """\
MASTER_KEY in the environment: give the new key as NEW_MASTER_KEY, or let --write make it. Servers that are to
run on need NEW_MASTER_KEY before this command starts; after it, give them the new key as MASTER_KEY.
No MASTER_KEY (development): the key in the data folder is replaced; scripts/serve must not be running.
KMS_PROVIDER other than local: all data keys are wrapped anew by the key that KMS_MASTER_KEY names; with MASTER_KEY
set as well, data keys that it wraps move to the key service."""


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="scripts/rotate-master-key",
        description="Wrap the data keys of MONGODB_URI (or of the data folder's own MongoDB) by a new master key.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="make the new master key in FILE (mode 0600), or use the one there"
    )
    add_data_option(parser)
    options = parser.parse_args()
    settings = read_settings(options.data)
    try:
        with existing_database(settings) as reachable:
            asyncio.run(_require_moved(reachable))
            keyring = _keyring(reachable, options.write)
            count = asyncio.run(_rotate(reachable, keyring))
    except (OSError, ValueError) as error:
        fail(Exit.FAILED, f"the key file cannot be used: {error}")
    print(f"{count} data keys are wrapped by the new master key")
    _finish(settings, options.write)
    return Exit.OK


async def _require_moved(settings: Settings) -> None:
    """End the command where keys stand that no vault of this version finds: they would stay under the old key."""
    database = connect(settings)
    try:
        if await has_unmoved(database):
            fail(Exit.NO_DATABASE, "the keys are where an earlier version kept them: start the server on it once")
    finally:
        await database.close()


def _keyring(settings: Settings, file: Path | None) -> Keyring:
    """Return the keyring with the key to rotate to; makes that key where it is ours to make."""
    if settings.kms_provider == "local":
        if settings.master_key.get_secret_value():
            if settings.new_master_key.get_secret_value() == "" and file is None:
                fail(Exit.USAGE, "NEW_MASTER_KEY or --write FILE must give the new master key")
            if file is not None:
                make_key_file(file)
                settings = settings.model_copy(update={"new_master_key": SecretStr(file.read_text().strip())})
        else:
            make_key_file(next_key_path(development_key_path(settings)))
    keyring = load_keyring(settings)
    if settings.kms_provider == "local" and keyring.new_master_key == keyring.master_key:
        fail(Exit.USAGE, "the new master key is the old one")
    return keyring


async def _rotate(settings: Settings, keyring: Keyring) -> int:
    """Rewrap until nothing is left of the old key, also of what servers make meanwhile; returns how many."""
    database = connect(settings)
    vault = Vault(database, keyring, settings)
    done = 0
    try:
        with progress_bar() as progress:
            task = progress.add_task("data keys", total=None)
            while keys := await vault.stale_keys():
                progress.update(task, total=done + len(keys))
                for start in range(0, len(keys), KEYS_AT_A_TIME):
                    part = keys[start : start + KEYS_AT_A_TIME]
                    await vault.rewrap(part)
                    done += len(part)
                    progress.update(task, completed=done)
                if settings.kms_provider != "local":
                    break  # one round is all: a key service's keys look the same before and after
    finally:
        await vault.close()
        await database.close()
    return done


def _finish(settings: Settings, file: Path | None) -> None:
    if settings.kms_provider != "local":
        return
    if settings.master_key.get_secret_value():
        say(f"now give the servers {file or 'the value of NEW_MASTER_KEY'} as MASTER_KEY and drop the old key")
    else:
        path = development_key_path(settings)
        next_key_path(path).replace(path)
        say("the development key in the data folder is replaced")


if __name__ == "__main__":
    sys.exit(main())
