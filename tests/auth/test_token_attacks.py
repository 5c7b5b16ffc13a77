"""Every known attack on a JWT is refused as one kind of error that tells no part of the token."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth.token_form import parse_token
from auth.tokens import InvalidTokenError, TokenVerifier
from tests.auth.refusal import refusal
from tests.harness.issuer import KEY_IDS, TestIssuer, encode_segment, public_jwk, public_pem

STAFF = {"roles": ["support"]}


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_a_public_key_is_no_secret(issuer: TestIssuer, verifier: TokenVerifier, algorithm: str) -> None:
    """Algorithm confusion: the public key, in any of its spellings, does not work as HMAC secret."""
    pem = public_pem(issuer.key("RS256"))
    jwk = json.dumps(public_jwk("RS256", issuer.key("RS256"))).encode()
    for secret in (pem, pem.strip(), jwk, b"", b"\x00"):
        assert await refusal(verifier, issuer.forge_hmac(secret, algorithm)) == "algorithm_refused"


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "nOnE", "", "none ", "RS256 ", "rs256", "ES256K", "RS384"]
)
@pytest.mark.parametrize("signature", ["", "AA"])
async def test_unsigned_is_refused_however_it_is_spelled(
    issuer: TestIssuer, verifier: TokenVerifier, algorithm: str, signature: str
) -> None:
    """`none` in all cases, and algorithms outside the list, prove nothing with or without a signature."""
    await refusal(verifier, issuer.forge_unsigned(algorithm, signature))


@pytest.mark.parametrize("algorithm", [None, 5, True, ["RS256"], {"a": 1}])
async def test_an_odd_algorithm_is_refused(issuer: TestIssuer, verifier: TokenVerifier, algorithm: object) -> None:
    """The algorithm is text."""
    header = {"alg": algorithm, "kid": KEY_IDS["ES256"]}
    assert await refusal(verifier, issuer.sign_parts(header, issuer.claims(), "ES256")) == "algorithm_missing"


async def test_a_key_serves_only_its_own_algorithm(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    """A header that pairs one key with another kind's algorithm finds no key."""
    token = issuer.sign(STAFF, {"kid": KEY_IDS["RS256"]}, "ES256")
    assert await refusal(verifier, token) == "unknown_key"


@pytest.mark.parametrize(
    "key_id",
    ["../../../../dev/null", "/etc/passwd", "' UNION SELECT 'key", "$ne", "ec-1\x00", "EC-1", " ec-1", "x" * 256, ""],
)
async def test_key_id_tricks_find_no_key(issuer: TestIssuer, verifier: TokenVerifier, key_id: str) -> None:
    """A key id is compared and nothing else: no path, no query."""
    assert await refusal(verifier, issuer.sign(STAFF, {"kid": key_id})) == "unknown_key"


@pytest.mark.parametrize("key_id", [None, 1, True, ["ec-1"], {"$ne": ""}, "x" * 257])
async def test_an_odd_key_id_is_refused(issuer: TestIssuer, verifier: TokenVerifier, key_id: object) -> None:
    """A key id is text of a sane length."""
    header = {"alg": "ES256", "kid": key_id}
    assert await refusal(verifier, issuer.sign_parts(header, issuer.claims(), "ES256")) == "odd_key_id"


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": public_jwk("ES256", TestIssuer(keys="attacker").key("ES256"))},
        {"jku": "https://attacker.test/keys"},
        {"x5u": "https://attacker.test/chain"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": True},
    ],
)
async def test_headers_that_bring_keys_or_rules_are_refused(verifier: TokenVerifier, header: dict[str, object]) -> None:
    """Keys come from configuration alone, and no header changes how a signature is made."""
    attacker = TestIssuer(keys="attacker")
    assert await refusal(verifier, attacker.sign(STAFF, header)) == "refused_header"


@pytest.mark.parametrize("kind", ["JWE", "dpop+jwt", "secevent+jwt", "", 1, ["JWT"], None])
async def test_tokens_of_another_type_are_refused(issuer: TestIssuer, verifier: TokenVerifier, kind: object) -> None:
    """A token that was made for another purpose is not an access token."""
    header = {"alg": "ES256", "kid": KEY_IDS["ES256"], "typ": kind}
    assert await refusal(verifier, issuer.sign_parts(header, issuer.claims(), "ES256")) == "odd_type"


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        (b'{"alg":"none","alg":"ES256"}', None),
        (b'{"alg":"ES256","kid":"x","kid":"ec-1"}', None),
        (None, b'{"sub":"a","sub":"b","iss":"https://issuer.test"}'),
        (None, b'{"realm":{"roles":[],"roles":["support"]}}'),
    ],
)
async def test_repeated_names_are_refused(
    issuer: TestIssuer, verifier: TokenVerifier, header: bytes | None, claims: bytes | None
) -> None:
    """Two readers could believe different ones of two equal names, so there must not be two."""
    token = issuer.sign_parts(header or b'{"alg":"ES256","kid":"ec-1"}', claims or issuer.claims(), "ES256")
    assert await refusal(verifier, token) in {"header_not_json", "claims_not_json"}


@pytest.mark.parametrize(
    "part",
    [
        b"null", b"[]", b'"x"', b"5", b"", b"{", b"{}{}", b"\xff\xfe{}", b"\xef\xbb\xbf{}", '{"a":1}'.encode("utf-16"),
        b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":"\\ud800"}', b'{"\\udfff":1}', b'{"a":' + b"9" * 5000 + b"}",
        b"[" * 4000, b'{"a":' * 900 + b"1" + b"}" * 900, b'{"a":' * 20 + b"1" + b"}" * 20,
    ],
)  # fmt: skip
async def test_parts_that_are_no_plain_object_are_refused(
    issuer: TestIssuer, verifier: TokenVerifier, part: bytes
) -> None:
    """Header and claims are strict JSON objects of a sane depth."""
    await refusal(verifier, issuer.sign_parts(part, issuer.claims(), "ES256"))
    await refusal(verifier, issuer.sign_parts({"alg": "ES256", "kid": "ec-1"}, part, "ES256"))


async def test_size_is_bounded_before_anything_is_read(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    """A long token and a long header are refused."""
    assert await refusal(verifier, issuer.sign({"pad": "x" * 9000})) == "too_long"
    assert await refusal(verifier, issuer.sign(None, {"pad": "x" * 2100})) == "header_too_long"
    assert await refusal(verifier, "e30." * 2_000_000) == "too_long"
    with pytest.raises(InvalidTokenError, match="too_long"):
        parse_token("e30." * 3000)


async def test_a_der_signature_is_refused(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    """ECDSA has one spelling here: the raw pair, 64 bytes."""
    signed, _, signature = issuer.sign(STAFF).rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    for odd in (der, raw + b"\x00", raw[:-1], raw[:32] + b"\x00" + raw[32:]):
        assert await refusal(verifier, f"{signed}.{encode_segment(odd)}") == "odd_signature"
    assert await refusal(verifier, f"{signed}.{encode_segment(bytes(64))}") == "InvalidSignatureError"


async def test_other_spellings_of_a_good_token_are_refused(issuer: TestIssuer, verifier: TokenVerifier) -> None:
    """Padding, white space, trailing bits, another alphabet, more or fewer segments: one token, one spelling."""
    token = issuer.sign(STAFF)
    header, claims, signature = token.split(".")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(signature[-1])
    other_bits = signature[:-1] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last ^ 1]
    spellings = [
        f"{header}.{claims}.{other_bits}", f"{header}.{claims}.{signature}==", f"{token}\n", f" {token}", f"{token}.",
        f"{header}=.{claims}.{signature}", f"{token}.{signature}", f"{header}.{claims}", f"..{signature}",
        f"{header}.{claims}.{signature}+/", token.replace(".", "\u2024"), token + "\u00e9", token + "\ud800", "", "..",
        f"{header}.{claims}.A", f"Bearer {token}", f"{header}\x00.{claims}.{signature}",
    ]  # fmt: skip
    for spelling in spellings:
        assert await refusal(verifier, spelling) in {"not_compact", "not_canonical", "not_base64url"}
    await verifier.verify(token)


@pytest.mark.parametrize("token", [None, 5, b"a.b.c", ["a.b.c"]])
async def test_what_is_no_text_is_refused(verifier: TokenVerifier, token: object) -> None:
    """Even a caller's mistake is no other exception."""
    with pytest.raises(InvalidTokenError):
        await verifier.verify(token)  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10_000), letter=st.sampled_from("ABab01-_.= \n\u20ac"))
async def test_any_change_of_one_letter_is_refused(
    issuer: TestIssuer, verifier: TokenVerifier, position: int, letter: str
) -> None:
    """A good token with one letter replaced is good only if it is the same letter."""
    token = issuer.sign({"roles": ["user"], "exp": 4_000_000_000, "iat": 1}, algorithm="EdDSA")
    at = position % len(token)
    changed = token[:at] + letter + token[at + 1 :]
    if changed != token:
        await refusal(verifier, changed)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.binary(max_size=60), claims=st.binary(max_size=60))
async def test_random_bytes_are_refused(
    issuer: TestIssuer, verifier: TokenVerifier, header: bytes, claims: bytes
) -> None:
    """Truly signed rubbish is rubbish."""
    await refusal(verifier, issuer.sign_parts(header, claims, "ES256"))


async def test_a_key_of_nobody_signs_nothing(verifier: TokenVerifier) -> None:
    """An attacker's key under the right key id does not verify."""
    for algorithm in ("RS256", "PS256", "ES256", "EdDSA"):
        token = TestIssuer(keys="attacker").sign(STAFF, algorithm=algorithm)
        assert await refusal(verifier, token) == "InvalidSignatureError"
