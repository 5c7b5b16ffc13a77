"""Secrets of this installation: its master keys, and the index key with what is derived from it.

In production the master key comes from the settings; in development it is made once in the data folder. It wraps data
keys and nothing else, so that it can be rotated. Ids and blind indexes must outlive a rotation: they are keyed by the
index key, random bytes that the vault keeps sealed in the database and hands over in `Vault.prepare`. Keys for other
purposes are derived from that (HKDF-SHA-256), so that none is used twice.
"""

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import unavailable
from app.settings import MASTER_KEY_BYTES, Settings, decode_key

KEY_BYTES = 32


@dataclass(slots=True, repr=False)
class Keyring:
    """The master keys (none where a key service holds it) and the index key; prints nothing of them."""

    master_key: bytes | None
    new_master_key: bytes | None = None
    _index_key: bytes | None = field(default=None, init=False)
    _derived: dict[str, bytes] = field(default_factory=dict, init=False)

    @property
    def is_unlocked(self) -> bool:
        """Whether the index key is there."""
        return self._index_key is not None

    def unlock(self, index_key: bytes) -> None:
        """Take the index key; only the vault calls this."""
        self._index_key = index_key
        self._derived.clear()

    def derive(self, purpose: str) -> bytes:
        """Return the 32-byte key for one purpose; raises `UNAVAILABLE` until the vault has unlocked the index key."""
        if self._index_key is None:
            raise unavailable("The keys cannot be reached yet. Try again shortly.")
        if purpose not in self._derived:
            info = f"data-practices/{purpose}".encode()
            self._derived[purpose] = HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(self._index_key)
        return self._derived[purpose]

    def pseudonym(self, text: str) -> str:
        """Return the UUID-shaped id that stands for `text`; equal texts give equal ids, the text cannot be had back."""
        return shape_as_uuid(hmac.digest(self.derive("pseudonym"), text.encode(), hashlib.sha256))


def shape_as_uuid(digest: bytes) -> str:
    """Return the first 16 bytes as an upper-case UUID, the notice's own form for ids."""
    return str(UUID(bytes=digest[:16])).upper()


def load_keyring(settings: Settings) -> Keyring:
    """Return the keyring of the settings, or the development one of the data folder, made if it is not there."""
    configured, new = (_decode(key.get_secret_value()) for key in (settings.master_key, settings.new_master_key))
    if configured is None and settings.kms_provider == "local":
        path = development_key_path(settings)
        configured = make_key_file(path)
        draft = next_key_path(path)  # there while a rotation is under way
        if new is None and draft.exists():
            new = make_key_file(draft)
    return Keyring(configured, new)


def _decode(text: str) -> bytes | None:
    return decode_key(text) if text else None


def development_key_path(settings: Settings) -> Path:
    """Return where the development master key lies."""
    return settings.data_dir / "keys" / "master.key"


def next_key_path(path: Path) -> Path:
    """Return where the key that follows the one at `path` lies while a rotation is under way."""
    return path.with_name(f"{path.name}.new")


def make_key_file(path: Path) -> bytes:
    """Return the master key in a file that only its owner reads, made from 96 random bytes if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)))
            file.flush()
            os.fsync(descriptor)  # what it wraps is durable, so it must be too
        try:
            os.link(draft, path)  # fails when another worker was first: then its key is the one
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return decode_key(path.read_text().strip())
