"""A true token issuer with throw-away keys, the forgers that attack it, and a JWKS server that counts its hits."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

from auth.issuers import Issuer
from auth.keys import FixedKeys, KeySource
from auth.principal import Role

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

ISSUER = "https://issuer.test"
AUDIENCE = "data-practices-api"
KEY_IDS = {"RS256": "rsa-1", "PS256": "rsa-1", "ES256": "ec-1", "EdDSA": "ed-1"}


def private_key(algorithm: str, name: str = "own") -> PrivateKey:
    """Give the throw-away key for an algorithm; another `name` is another key. Cached: RSA keys are slow to make."""
    return _make_key("RS256" if algorithm == "PS256" else algorithm, name)


@cache
def _make_key(algorithm: str, _: str) -> PrivateKey:
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, 2048)
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


def public_jwk(algorithm: str, key: PrivateKey, **members: object) -> dict[str, Any]:
    """Give the public half as JWK, with more members such as `kid`."""
    jwk: dict[str, Any] = get_default_algorithms()[algorithm].to_jwk(key.public_key(), as_dict=True)
    jwk.pop("key_ops", None)
    return jwk | members


def public_pem(key: PrivateKey) -> bytes:
    """Give the public half as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def encode_segment(part: bytes | Mapping[str, Any]) -> str:
    """Encode one part of a token, objects as JSON."""
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TestIssuer:
    """Signs what a test asks for. `issuer` is the trusted side; everything else can be right or wrong at will."""

    __test__ = False

    def __init__(
        self,
        name: str = ISSUER,
        *,
        keys: str = "own",
        audience: str = AUDIENCE,
        jwks: Mapping[str, Any] | None = None,
        keys_source: KeySource | None = None,
        **settings: Any,  # noqa: ANN401 - fields of Issuer
    ) -> None:
        """Make an issuer that signs with the throw-away keys named `keys`; `settings` are more fields of `Issuer`.

        The trusted side has the matching public keys, unless other ones are given as `jwks` or `keys_source`.
        """
        self.name = name
        self.audience = audience
        self.keys_name = keys
        source = keys_source or FixedKeys.from_jwks(json.dumps(jwks or self.jwks()))
        self.issuer = Issuer(issuer=name, audience=(audience,), keys=source, **settings)

    def jwks(self) -> dict[str, Any]:
        """Give the public keys as JSON Web Key Set."""
        algorithms = ("RS256", "ES256", "EdDSA")
        return {"keys": [public_jwk(name, self.key(name), kid=KEY_IDS[name], use="sig") for name in algorithms]}

    def key(self, algorithm: str) -> PrivateKey:
        """Give the private key for an algorithm."""
        return private_key(algorithm, self.keys_name)

    def claims(self, **overrides: object) -> dict[str, Any]:
        """Give good claims; an override of None leaves the claim out."""
        now = int(time.time())
        claims = {"iss": self.name, "aud": self.audience, "sub": "person-1", "iat": now, "exp": now + 3600}
        return {name: value for name, value in (claims | overrides).items() if value is not None}

    def sign(
        self,
        claims_overrides: Mapping[str, object] | None = None,
        headers_overrides: Mapping[str, object] | None = None,
        algorithm: str = "ES256",
    ) -> str:
        """Sign truly, whatever the claims and headers say; an override of None leaves the entry out."""
        headers = {"typ": "JWT", "alg": algorithm, "kid": KEY_IDS[algorithm], **(headers_overrides or {})}
        present = {name: value for name, value in headers.items() if value is not None}
        return self.sign_parts(present, self.claims(**(claims_overrides or {})), algorithm)

    def sign_parts(self, header: bytes | Mapping[str, Any], claims: bytes | Mapping[str, Any], algorithm: str) -> str:
        """Sign a header and claims that are given as objects or as raw bytes."""
        signed = f"{encode_segment(header)}.{encode_segment(claims)}"
        signature = get_default_algorithms()[algorithm].sign(signed.encode(), self.key(algorithm))
        return f"{signed}.{encode_segment(signature)}"

    def token(
        self,
        role: Role | None = None,
        *,
        user_id: str | None = None,
        company_id: str | list[str] | None = None,
        **claims: object,
    ) -> str:
        """Sign a token for one role, person and company (or list of them)."""
        own = {"roles": [role.value] if role else None, "user_id": user_id, "company_id": company_id}
        subject = user_id or (f"demo-{role.value}" if role else "person-1")
        return self.sign({"sub": subject, "jti": str(uuid4()), **own, **claims})

    def forge_hmac(self, secret: bytes, algorithm: str = "HS256") -> str:
        """Sign with a text that everybody knows (the public key) as the secret of a symmetric algorithm."""
        header = {"typ": "JWT", "alg": algorithm, "kid": KEY_IDS["RS256"]}
        signed = f"{encode_segment(header)}.{encode_segment(self.claims(roles=['support']))}"
        return f"{signed}.{encode_segment(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"

    def forge_unsigned(self, algorithm: str, signature: str = "") -> str:
        """Claim an algorithm and sign nothing."""
        return f"{encode_segment({'alg': algorithm})}.{encode_segment(self.claims(roles=['support']))}.{signature}"


def decode_unverified(token: str) -> dict[str, Any]:
    """Read the claims of a token for a test's own eyes."""
    return jwt.decode(token, options={"verify_signature": False})
