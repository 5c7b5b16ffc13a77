"""Tokens against attack, at the HTTP level: 401 with one sentence, whatever is tried; never a 500, never a hint."""

from pathlib import Path

import httpx
import jwt
import pytest

from auth.development import DevelopmentIssuer
from auth.principal import Role
from tests.harness.issuer import TestIssuer, encode_segment
from tests.harness.system import System

ASK = {"query": "{ me { kind roles } }"}
STRANGER = TestIssuer("development")  # claims to be the trusted issuer, with keys of its own
CLAIMS = {"roles": ["support"]}


async def ask(edge: System, headers: list[tuple[str, str | bytes]]) -> httpx.Response:
    """Ask with these headers, exactly."""
    raw = [(name.encode(), value if isinstance(value, bytes) else value.encode("latin-1")) for name, value in headers]
    return await edge.client.post("/graphql", json=ASK, headers=raw)


def tampered(token: str) -> dict[str, str]:
    """Return a good token in many bad forms."""
    header, claims, signature = token.split(".")
    none = encode_segment({"alg": "none", "typ": "JWT"})
    return {
        "no signature": f"{header}.{claims}.",
        "two parts": f"{header}.{claims}",
        "four parts": f"{token}.{signature}",
        "other claims": f"{header}.{encode_segment({**jwt.decode(token, options={'verify_signature': False}), **CLAIMS})}"
        f".{signature}",
        "alg none": f"{none}.{claims}.",
        "alg none with signature": f"{none}.{claims}.{signature}",
        "padded": f"{token}=",
        "zero signature": f"{header}.{claims}.{encode_segment(bytes(64))}",
        "empty": "",
        "white space": "   ",
        "huge": f"{header}.{'a' * 20_000}.{signature}",
        "many dots": "." * 8_000,
        "deep header": f"{encode_segment(b'[' * 3_000)}.{claims}.{signature}",
        "crit": STRANGER.sign(CLAIMS, {"crit": ["exp"]}),
        "embedded key": STRANGER.sign(CLAIMS, {"jwk": {"kty": "EC"}}),
        "key address": STRANGER.sign(CLAIMS, {"jku": "http://127.0.0.1:1/keys"}),
        "key id path": STRANGER.sign(CLAIMS, {"kid": "../../../../dev/null"}),
        "stranger": STRANGER.sign(CLAIMS),
        "public key as secret": STRANGER.forge_hmac(b"", "HS256"),
        "expired": STRANGER.sign({"exp": 1}),
        "odd audience": STRANGER.sign({"aud": {"a": 1}}),
        "odd subject": STRANGER.sign({"sub": ["a"]}),
    }


NAMES = list(tampered(STRANGER.sign(CLAIMS)))


@pytest.mark.parametrize("name", NAMES)
async def test_a_bad_token_is_401_and_says_nothing_more(edge: System, name: str) -> None:
    """All refusals read alike: which check failed is for the log."""
    token = tampered(edge.token(Role.USER))[name]
    reply = await ask(edge, [("Authorization", f"Bearer {token}")])
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")
    (error,) = reply.json()["errors"]
    assert error["message"] == "The token is not valid."
    assert set(error["extensions"]) == {"code", "requestId"}
    assert "data" not in reply.json()


@pytest.mark.parametrize(
    "value",
    [
        "Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "bearer\t{token}", "Bearer {token}, Bearer {token}", "Token {token}",
        "{token}", "Bearer Bearer {token}", "Bearer {token} ", "Negotiate {token}", "Bearer \xff\xfe",
    ],
)  # fmt: skip
async def test_odd_authorization_headers_are_401(edge: System, value: str) -> None:
    """What is not exactly one bearer token is no anonymous call either."""
    reply = await ask(edge, [("Authorization", value.replace("{token}", edge.token(Role.USER)))])
    assert reply.status_code == 401


@pytest.mark.parametrize("order", ["good first", "bad first", "twice the same"])
async def test_two_authorization_headers_are_401(edge: System, order: str) -> None:
    """A proxy and this server could believe different ones."""
    good, bad = f"Bearer {edge.token(Role.USER)}", "Bearer x"
    pairs = {"good first": [good, bad], "bad first": [bad, good], "twice the same": [good, good]}
    reply = await ask(edge, [("Authorization", value) for value in pairs[order]])
    assert reply.status_code == 401


@pytest.mark.parametrize("roles", ["support", {"support": True}, [["support"]], 5, True, "support,user", ["SUPPORT"]])
async def test_a_role_claim_of_the_wrong_type_grants_nothing(edge: System, data_folder: Path, roles: object) -> None:
    """Truly signed, and still nobody in particular."""
    token = DevelopmentIssuer(data_folder).sign(Role.USER, "u", "c", hours=1, roles=roles)
    reply = await ask(edge, [("Authorization", f"Bearer {token}")])
    assert reply.status_code in {200, 401}
    if reply.status_code == 200:
        assert (reply.json()["data"] or {"me": {"roles": []}})["me"]["roles"] == []


async def test_a_good_token_is_still_good(edge: System) -> None:
    """Case of the scheme does not matter, as RFC 9110 says."""
    for scheme in ("Bearer", "bearer", "BEARER"):
        reply = await ask(edge, [("Authorization", f"{scheme} {edge.token(Role.SUPPORT)}")])
        assert reply.json()["data"]["me"]["roles"] == ["SUPPORT"]
