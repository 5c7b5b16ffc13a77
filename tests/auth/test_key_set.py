"""Only sound public keys get into a key set; the rest of it is still used."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from auth.key_set import KEYS_MAX, InvalidKeySetError, read_jwks, read_pem
from auth.keys import COOL_DOWN_SECONDS, FileKeys
from tests.harness.issuer import TestIssuer, private_key, public_jwk, public_pem
from tests.harness.jwks_server import HandClock

EC_KEY = public_jwk("ES256", private_key("ES256"), kid="ec-1")
RSA_KEY = public_jwk("RS256", private_key("RS256"), kid="rsa-1")
WEAK_KEY = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505 - weak on purpose
WEAK_RSA = json.loads(RSAAlgorithm.to_jwk(WEAK_KEY))
P384 = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key()))
ED448 = json.loads(OKPAlgorithm.to_jwk(ed448.Ed448PrivateKey.generate().public_key()))

UNFIT: list[Any] = [
    {"kty": "oct", "k": "c2VjcmV0", "kid": "ec-1", "alg": "HS256"},
    WEAK_RSA,
    P384,
    ED448,
    EC_KEY | {"d": "AAAA"},
    EC_KEY | {"use": "enc"},
    EC_KEY | {"key_ops": ["sign"]},
    EC_KEY | {"key_ops": "verify"},
    EC_KEY | {"alg": "RS256"},
    EC_KEY | {"alg": "HS256"},
    EC_KEY | {"alg": ["ES256"]},
    EC_KEY | {"kid": 5},
    EC_KEY | {"kid": "x" * 257},
    EC_KEY | {"issuer": 5},
    EC_KEY | {"x": "AAAA"},
    EC_KEY | {"x": 5},
    EC_KEY | {"y": EC_KEY["x"]},
    EC_KEY | {"crv": "P-384"},
    EC_KEY | {"kty": "RSA"},
    EC_KEY | {"kty": ["EC"]},
    RSA_KEY | {"n": None},
    RSA_KEY | {"e": "AA"},
    {},
    None,
    "key",
    [EC_KEY],
]


@pytest.mark.parametrize("unfit", UNFIT)
def test_an_unfit_key_is_left_out_and_the_rest_used(unfit: object) -> None:
    """Symmetric, private, short, foreign and broken keys do not get in and do not keep good ones out."""
    with pytest.raises(InvalidKeySetError):
        read_jwks(json.dumps({"keys": [unfit]}))
    assert [key.key_id for key in read_jwks(json.dumps({"keys": [unfit, RSA_KEY]})).keys] == ["rsa-1"]


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", '{"keys":{}}', '{"keys":[]}', "{", '{"keys":' + "[" * 100_000, b"\xff"]
)
def test_what_is_no_key_set_is_said(text: str | bytes) -> None:
    """Rubbish is one kind of error."""
    with pytest.raises(InvalidKeySetError):
        read_jwks(text)


def test_a_huge_key_set_is_refused() -> None:
    """A set has a bounded number of keys."""
    with pytest.raises(InvalidKeySetError, match="at most"):
        read_jwks(json.dumps({"keys": [EC_KEY] * (KEYS_MAX + 1)}))


def test_a_stated_algorithm_narrows_the_key() -> None:
    """An RSA key for PS256 does not verify RS256; one that states nothing does both."""
    narrow = read_jwks(json.dumps({"keys": [RSA_KEY | {"alg": "PS256"}]}))
    assert narrow.find("rsa-1", "PS256")
    assert not narrow.find("rsa-1", "RS256")
    assert read_jwks(json.dumps({"keys": [RSA_KEY]})).find("rsa-1", "RS256")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_pem_key_serves_any_key_id(algorithm: str) -> None:
    """A PEM cannot carry a key id, so the token's own is not looked at."""
    keys = read_pem(public_pem(private_key(algorithm)))
    assert keys.find("whatever", algorithm)
    assert not keys.find("whatever", "PS256" if algorithm != "RS256" else "ES256")


def test_unfit_pem_is_refused() -> None:
    """Private keys, short keys, other kinds and rubbish are no public key to trust."""
    private = private_key("ES256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    other = ed448.Ed448PrivateKey.generate().public_key()
    texts = [key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for key in (WEAK_KEY, other)]
    strings = ("", "secret", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")
    for text in (private, *texts, *(string.encode() for string in strings)):
        with pytest.raises(InvalidKeySetError):
            read_pem(text)


async def test_a_key_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """A rotated file counts after the cool-down; a broken or vanished one costs no key."""
    clock, path = HandClock(), tmp_path / "keys"
    path.write_text(json.dumps(TestIssuer().jwks()))
    keys = FileKeys(path, clock=clock)
    path.write_bytes(public_pem(private_key("ES256", "second")))
    assert await keys.find("ec-1", "RS256") == ()
    assert (await keys.find("ec-1", "ES256"))[0].key_id == "ec-1"
    clock.advance(COOL_DOWN_SECONDS)
    assert (await keys.find("ec-1", "ES256"))[0].key_id is None
    for change in (path.exists, path.touch, lambda: path.write_text("broken"), path.unlink):
        change()
        clock.advance(COOL_DOWN_SECONDS)
        assert await keys.find("ec-1", "ES256")
    assert keys.version() == 1
    await keys.aclose()


def test_a_key_file_must_be_good_at_the_start(tmp_path: Path) -> None:
    """A server with a wrong path or content does not start."""
    with pytest.raises(OSError, match="No such file"):
        FileKeys(tmp_path / "none")
    (tmp_path / "bad").write_text("bad")
    with pytest.raises(InvalidKeySetError):
        FileKeys(tmp_path / "bad")
