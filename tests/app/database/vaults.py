"""Vaults on a database of the test's own, as several processes and restarts would open them."""

import base64
import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.database.access import OpenAccess, grant_access
from app.database.client import Database, connect
from app.database.indexes import secret_indexes_for
from app.database.keyring import Keyring, load_keyring
from app.database.vault import Vault
from app.settings import Settings

ACCESS: OpenAccess = grant_access("agent", frozenset({"person"}), (1,))


def random_master_key() -> str:
    """Return a master key as MASTER_KEY takes it."""
    return base64.b64encode(secrets.token_bytes(96)).decode()


@dataclass(frozen=True, slots=True)
class OpenedVault:
    """One process's view of the database."""

    database: Database
    keyring: Keyring
    vault: Vault


@dataclass(slots=True)
class Vaults:
    """One database, and a vault on it for each process that the test plays."""

    settings: Settings
    stack: AsyncExitStack

    async def open(self, *, prepare: bool = True, **changes: object) -> OpenedVault:
        """Open it with changed settings, as another process would."""
        settings = Settings.model_validate({**self.settings.model_dump(), **changes})
        database = connect(settings)
        self.stack.push_async_callback(database.close)
        keyring = load_keyring(settings)
        vault = Vault(database, keyring, settings)
        self.stack.push_async_callback(vault.close)
        if prepare:
            await vault.prepare()
        return OpenedVault(database, keyring, vault)


@asynccontextmanager
async def fresh_vaults(uri: str, data: Path, driver: str) -> AsyncIterator[Vaults]:
    """Make a database with the key vault's index for the length of the block, then drop it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    values: dict[str, Any] = {"database_driver": driver, "data_dir": data, "master_key": random_master_key()}
    settings = Settings.model_validate({"mongodb_uri": uri, "mongodb_database": name, **values})
    database = connect(settings)
    await database.raw.create_collection("vault_settings")
    for index in secret_indexes_for(settings)["vault_keys"]:
        await database.secrets["vault_keys"].create_index(list(index.keys), **index.options)
    try:
        async with AsyncExitStack() as stack:
            yield Vaults(settings, stack)
    finally:
        await database.client.drop_database(database.name)
        await database.client.drop_database(database.secrets.name)
        await database.close()
