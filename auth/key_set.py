"""The public keys of one issuer: which of them are fit to verify tokens, and which one a token means.

Promises that only sound public keys get in (no symmetric or private key, no short RSA key, no key meant for another
use or algorithm) and that a key is never used with an algorithm that does not fit its type. Where keys are fetched
from, and when, is told by `keys`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from auth.token_form import KEY_ID_MAX_CHARACTERS

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

ALGORITHMS: Final = frozenset({"RS256", "PS256", "ES256", "EdDSA"})
RSA_MIN_BITS: Final = 2048  # RFC 7518, 3.3.
RSA_MAX_BITS: Final = 8192  # Larger ones only make each forged token dearer to refuse.
KEYS_MAX: Final = 100
_PRIVATE_MEMBERS: Final = frozenset({"d", "k", "p", "q"})
_LIBRARY_ALGORITHM: Final = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}


class InvalidKeySetError(Exception):
    """The text holds no key that could verify a token."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One public key. `key_id` None: it states none. `issuer`: the only issuer it may sign for, where it states one."""

    key_id: str | None
    algorithms: frozenset[str]
    public_key: PublicKey
    issuer: str | None
    material: bytes  # The key as DER, so that two sets compare by content.


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one issuer. With `any_key_id` (PEM, which cannot carry ids) the token's key id is not looked at."""

    keys: tuple[VerificationKey, ...]
    any_key_id: bool = False

    def knows(self, key_id: str | None) -> bool:
        """Tell whether a token that names this key id may have been signed by one of these keys."""
        return key_id is None or self.any_key_id or any(key.key_id == key_id for key in self.keys)

    def find(self, key_id: str | None, algorithm: str) -> tuple[VerificationKey, ...]:
        """Give the keys that a token with this key id and algorithm may mean."""
        fitting = (key for key in self.keys if algorithm in key.algorithms)
        if key_id is None or self.any_key_id:
            return tuple(fitting)
        return tuple(key for key in fitting if key.key_id == key_id)

    def same_keys(self, other: "KeySet | None") -> bool:
        """Tell whether the other set holds the same keys under the same ids."""
        return other is not None and _identities(self.keys) == _identities(other.keys)


def read_jwks(text: str | bytes) -> KeySet:
    """Read a JSON Web Key Set. Unfit keys are left out; raises `InvalidKeySetError` when none is left."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidKeySetError("not JSON") from None
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list) or len(members) > KEYS_MAX:
        raise InvalidKeySetError(f"expected an object with at most {KEYS_MAX} keys in 'keys'")
    keys = tuple(key for member in members if (key := _read_jwk(member)) is not None)
    if not keys:
        raise InvalidKeySetError("no usable public key")
    return KeySet(keys)


def read_pem(text: str | bytes) -> KeySet:
    """Read one public key in PEM. Raises `InvalidKeySetError` for anything else, private keys included."""
    try:
        key = load_pem_public_key(text.encode() if isinstance(text, str) else text)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidKeySetError("not a public key in PEM") from None
    verification_key = _check_key(key, key_id=None, stated_algorithm=None, issuer=None)
    if verification_key is None:
        raise InvalidKeySetError(f"expected RSA of {RSA_MIN_BITS} to {RSA_MAX_BITS} bits, EC P-256 or Ed25519")
    return KeySet((verification_key,), any_key_id=True)


def _read_jwk(member: object) -> VerificationKey | None:
    """Read one key of a set, or None for one that is not ours to use."""
    if not isinstance(member, dict) or not _is_meant_for_us(member):
        return None
    algorithm = _LIBRARY_ALGORITHM.get(str(member.get("kty")))
    if algorithm is None:
        return None
    try:
        key = PyJWK(member, algorithm=algorithm).key
    # The library lets a wrong member type through as TypeError, AttributeError or KeyError.
    except (PyJWTError, ValueError, TypeError, AttributeError, KeyError, UnsupportedAlgorithm):
        return None
    return _check_key(key, key_id=member.get("kid"), stated_algorithm=member.get("alg"), issuer=member.get("issuer"))


def _is_meant_for_us(member: Mapping[str, Any]) -> bool:
    """Leave out keys for encryption, keys with odd members, and keys that should never have been published."""
    key_id, issuer = member.get("kid"), member.get("issuer")
    operations = member.get("key_ops", ["verify"])
    return (
        _PRIVATE_MEMBERS.isdisjoint(member)
        and member.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and (key_id is None or (isinstance(key_id, str) and len(key_id) <= KEY_ID_MAX_CHARACTERS))
        and (issuer is None or isinstance(issuer, str))
    )


def _check_key(
    key: object, *, key_id: str | None, stated_algorithm: object, issuer: str | None
) -> VerificationKey | None:
    if isinstance(key, RSAPublicKey) and RSA_MIN_BITS <= key.key_size <= RSA_MAX_BITS:
        algorithms = frozenset({"RS256", "PS256"})
    elif isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        algorithms = frozenset({"ES256"})
    elif isinstance(key, Ed25519PublicKey):
        algorithms = frozenset({"EdDSA"})
    else:
        return None
    if stated_algorithm is not None:
        algorithms &= {str(stated_algorithm)}
    if not algorithms:
        return None
    material = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return VerificationKey(key_id, algorithms, key, issuer, material)


def _identities(keys: Iterable[VerificationKey]) -> set[tuple[object, ...]]:
    return {(key.key_id, key.algorithms, key.issuer, key.material) for key in keys}
