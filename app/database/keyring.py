"""Secrets of this installation: the master key and the keys derived from it.

In production the master key comes from the settings; in development it is made once in the data folder. Keys for other
purposes are derived from it (HKDF-SHA-256), so that none is used twice.
"""

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.settings import MASTER_KEY_BYTES, Settings, decode_key

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keyring:
    """The master key and what is derived from it; prints nothing of either."""

    master_key: bytes = field(repr=False)

    def derive(self, purpose: str) -> bytes:
        """Return the 32-byte key for one purpose."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"data-practices/{purpose}".encode()).derive(self.master_key)

    def pseudonym(self, text: str) -> str:
        """Return the UUID-shaped id that stands for `text`; equal texts give equal ids, the text cannot be had back."""
        return shape_as_uuid(hmac.digest(self.derive("pseudonym"), text.encode(), hashlib.sha256))


def shape_as_uuid(digest: bytes) -> str:
    """Return the first 16 bytes as an upper-case UUID, the notice's own form for ids."""
    text = digest[:16].hex().upper()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def load_keyring(settings: Settings) -> Keyring:
    """Return the keyring of the settings, or the development one of the data folder, made if it is not there."""
    configured = settings.master_key.get_secret_value()
    if configured:
        return Keyring(decode_key(configured))
    return Keyring(_development_key(settings.data_dir / "keys" / "master.key"))


def _development_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)))
    try:
        os.link(draft, path)  # fails when another worker was first: then its key is the one
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return decode_key(path.read_text())
