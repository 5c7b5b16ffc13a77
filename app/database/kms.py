"""Who wraps the data keys: a master key of our own (`local`), or a key service by settings.

Promises that each data key says which master key wraps it: a local master key is named by its fingerprint, so two of
them can be served at once while data keys are rewrapped. Talking to the service is left to the driver.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from app.database.keyring import Keyring
from app.settings import Settings, decode_object

FINGERPRINT_CHARACTERS = 16  # 64 bits of SHA-256 of a random key: names it, tells nothing of it


@dataclass(frozen=True, slots=True)
class KeyManagement:
    """The providers that can unwrap, and the one that wraps new data keys."""

    providers: dict[str, dict[str, Any]] = field(repr=False)
    provider: str
    master_key: dict[str, Any] | None
    tls: dict[str, Any] = field(repr=False)

    @property
    def stale(self) -> dict[str, Any]:
        """The query of data keys that a rotation rewraps: those of other master keys, or all of a key service.

        A key service may have a new version of the same key, which the data keys do not show.
        """
        return {"masterKey.provider": {"$ne": self.provider}} if self.provider.startswith("local:") else {}


def key_management(settings: Settings, keyring: Keyring) -> KeyManagement:
    """Return the key management that the settings name; new data keys go to the new master key if there is one."""
    local = [key for key in (keyring.new_master_key, keyring.master_key) if key is not None]
    providers: dict[str, dict[str, Any]] = {local_name(key): {"key": key} for key in local}
    if settings.kms_provider == "local":
        return KeyManagement(providers, local_name(local[0]), None, {})
    options = decode_object(settings.kms_provider_options.get_secret_value())
    tls = options.pop("tls", None)
    providers[settings.kms_provider] = options
    master_key = decode_object(settings.kms_master_key)
    return KeyManagement(providers, settings.kms_provider, master_key, {settings.kms_provider: tls} if tls else {})


def local_name(master_key: bytes) -> str:
    """Return the provider name of a local master key."""
    return f"local:{hashlib.sha256(master_key).hexdigest()[:FINGERPRINT_CHARACTERS]}"
