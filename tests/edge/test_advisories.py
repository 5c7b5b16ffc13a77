"""A regression test for each class of bug that advisories of 2024 to 2026 tell of our parts (list: `advisories.py`)."""

import json
import re
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import pytest

from app.errors import AppError
from auth.issuers import IssuerConfigError, issuers_from_json
from auth.key_set import read_jwks
from auth.keys import RemoteKeys
from auth.principal import Role
from auth.tokens import InvalidTokenError, TokenVerifier
from graphql_schema.plan import InvalidDocumentError, make_plan
from graphql_schema.schema import build_schema
from tests.edge.advisories import ADVISORIES
from tests.graphql_schema.test_limits import HOSTILE, refused_seconds
from tests.harness.issuer import TestIssuer, public_jwk, public_pem
from tests.harness.jwks_server import JwksServer
from tests.harness.system import System

WEB = Path(__file__).parents[2] / "app" / "web"
TESTED = {
    "forms", "type confusion", "socket handshake", "socket bounds", "token in address", "bombs", "ranges", "poisoned url",
    "issuer", "confusion", "headers", "key fetching", "spelling",
}  # fmt: skip


def release(text: str) -> tuple[int, ...]:
    """Return a version's numbers, without what stands behind them."""
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[a-z]", text)[0]))


def test_each_advisory_has_a_tested_class_and_a_mended_version_is_installed() -> None:
    """Nothing on the list is forgotten."""
    assert {advisory.kind for advisory in ADVISORIES} == TESTED
    old = [a.identity for a in ADVISORIES if a.fixed and release(version(a.package)) < release(a.fixed)]
    assert old == []


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain"])
async def test_forms_are_refused_before_they_are_read(edge: System, kind: str) -> None:
    """forms: what another site's page can post without asking first is never an operation."""
    body = b"--x\r\ncontent-disposition: form-data; name=operations\r\n\r\n{}\r\n" * 10_000
    started = time.thread_time()
    reply = await edge.client.post("/graphql", content=body, headers={"Content-Type": kind})
    assert reply.status_code == 415
    assert time.thread_time() - started < 0.5


async def test_an_id_of_one_type_finds_nothing_of_another(edge: System) -> None:
    """Type confusion: there is no global node field, and an id is looked for among its own kind alone."""
    assert "node" not in build_schema().query_type.fields  # type: ignore[union-attr]
    saved = await edge.ask(
        'mutation { saveCompany(input: { companyId: "C-1", license: "pro" }) { id } }',
        Role.COMPANY_ADMIN,
        company_id="C-1",
    )
    company = (saved.data or {}).get("saveCompany") or {"id": "C-1"}
    reply = await edge.ask("query($id: ID!) { user(id: $id) { id } }", Role.SUPPORT, id=company["id"])
    assert (reply.data or {"user": None})["user"] is None


def test_the_sockets_tests_stand_beside() -> None:
    """Socket handshake, socket bounds: `test_live_limits.py`."""
    text = (Path(__file__).parent / "test_live_limits.py").read_text()
    assert "test_the_legacy_protocol_and_operations_before_the_handshake_are_refused" in text
    assert "test_each_operation_on_a_connection_counts_as_a_call" in text


async def test_no_token_is_ever_in_an_address(edge: System) -> None:
    """Token in address: the explorer's own code writes no address, and the API refuses a token in one."""
    source = "".join(path.read_text() for path in sorted((WEB / "src").glob("*.js*")))
    assert not re.search(r"replaceState|pushState|location\.(?:search|hash|href)\s*=|searchParams\.set", source)
    reply = await edge.client.get("/graphql", params={"query": "{ me { kind } }", "access_token": "abc"})
    assert reply.status_code == 400


OPERATIONS = " ".join(f"query q{n} {{ ...a }}" for n in range(60))
MORE_BOMBS = {
    "fragments shared by many operations": f"{OPERATIONS} fragment a on Query {{ ...b }} fragment b on Query {{ "
    + " ".join(f"me {{ kind }} ...c{n}" for n in range(15))
    + " } "
    + " ".join(f"fragment c{n} on Query {{ me {{ kind }} }}" for n in range(15)),
    "introspection through fragments": "{ __schema { types { ...t0 } } } "
    + " ".join(f"fragment t{n} on __Type {{ ...t{n + 1} ...t{n + 1} }}" for n in range(60))
    + " fragment t60 on __Type { name }",
    "nested inline fragments": "{ me { " + ("... on Me { kind " * 40) + "} " * 40 + "} }",
}


@pytest.mark.parametrize("name", [*HOSTILE, *MORE_BOMBS])
def test_bombs_cost_next_to_nothing(name: str) -> None:
    """bombs: refused or planned, each within the time that refusing may take."""
    document, taken = {**HOSTILE, **MORE_BOMBS}[name], []
    for _ in range(3):
        started = time.thread_time()
        with suppress(AppError, InvalidDocumentError):  # which refusal it is, is told in test_limits.py
            make_plan(build_schema(), document)
        taken.append(time.thread_time() - started)
    assert min(taken) < refused_seconds()


@pytest.mark.parametrize(
    "value",
    [
        "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 12_000, 2)),
        "bytes=" + "0" * 30_000 + "-",
        "bytes=" + "-" * 30_000,
    ],
)
async def test_range_headers_cost_next_to_nothing(edge: System, value: str) -> None:
    """ranges: a hostile Range header on the one kind of file that is served."""
    for path in ("/explorer", "/explorer/assets/none.js"):
        started = time.thread_time()
        assert (await edge.client.get(path, headers={"Range": value})).status_code < 500
        assert time.thread_time() - started < 0.2


@pytest.mark.parametrize("host", ["api.test/graphql?x=", "a@127.0.0.1", "evil.test#", "[::1", "a b", "localhost:80:80"])
async def test_a_hostile_host_opens_nothing(edge: System, host: str) -> None:
    """Poisoned url: routes go by the path that was asked, and development tokens only to this server's own page."""
    reply = await edge.client.get("/nothing", headers={"Host": host})
    assert reply.status_code == 404
    tokens = await edge.client.get("/explorer/tokens", headers={"Host": "evil.test", "Sec-Fetch-Site": "same-origin"})
    assert (tokens.status_code, tokens.json()) == (403, {"tokens": []})


ISSUER = TestIssuer()
STAFF = {"roles": ["support"]}


async def is_refused(token: str, issuer: TestIssuer = ISSUER) -> bool:
    """Return whether a verifier that trusts the issuer refuses a token."""
    try:
        await TokenVerifier([issuer.issuer]).verify(token)
    except InvalidTokenError:
        return True
    return False


@pytest.mark.parametrize(
    "name", ["https://issuer.tes", "https://issuer.test/", "issuer", "", "HTTPS://ISSUER.TEST", "https"]
)
async def test_the_issuer_is_compared_whole(name: str) -> None:
    """issuer: no part, prefix or other case of it will do."""
    assert await is_refused(ISSUER.sign({**STAFF, "iss": name}))
    assert not await is_refused(ISSUER.sign(STAFF))


async def test_no_public_key_is_a_secret_and_no_key_chooses_its_algorithm() -> None:
    """confusion: HMAC is on no list, so no spelling of a public key can be its secret; weak RSA keys are left out."""
    pem = public_pem(ISSUER.key("RS256"))
    jwk = json.dumps(public_jwk("RS256", ISSUER.key("RS256"))).encode()
    for secret in (pem, pem.replace(b"\n", b"\r\n"), pem.strip(), b" " + pem, jwk, b'{"keys":[' + jwk + b"]}", b""):
        for algorithm in ("HS256", "HS512"):
            assert await is_refused(ISSUER.forge_hmac(secret, algorithm))
    assert await is_refused(ISSUER.sign(STAFF, {"alg": "RS256"}, "ES256"))
    assert await is_refused(ISSUER.sign(STAFF, {"kid": "rsa-1"}, "ES256"))


@pytest.mark.parametrize("header", [{"crit": ["x"]}, {"crit": ["b64"], "b64": False}, {"b64": False}, {"crit": []}])
async def test_headers_that_change_the_rules_are_refused(header: dict[str, object]) -> None:
    """headers: also where the signature is right."""
    assert await is_refused(ISSUER.sign(STAFF, header))


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://keys.test/a", "data:application/json,{}", "http://keys.test/a"]
)
def test_keys_come_over_https_only(url: str) -> None:
    """Key fetching: no other scheme is taken, and a token cannot name an address."""
    entry = {"issuer": "https://issuer.test", "audience": "a", "jwks_url": url}
    with pytest.raises(IssuerConfigError):
        issuers_from_json(json.dumps([entry]))


async def test_key_sets_are_not_followed_elsewhere_nor_fetched_per_token() -> None:
    """Key fetching: a redirect is a bad answer, and fifty unknown key ids cost one fetch."""
    async with JwksServer(ISSUER.jwks()) as there, JwksServer({}) as here:
        here.status, here.headers = 302, {"location": there.url}
        redirected = TestIssuer(keys_source=RemoteKeys(here.url))
        assert await is_refused(redirected.sign(STAFF), redirected)
        assert there.hits == 0
        remote = TestIssuer(keys_source=RemoteKeys(there.url))
        verifier = TokenVerifier([remote.issuer])
        for number in range(50):
            with pytest.raises(InvalidTokenError):
                await verifier.verify(remote.sign(STAFF, {"kid": f"unknown-{number}"}))
        assert there.hits <= 2


def test_one_malformed_key_does_not_spoil_the_set() -> None:
    """Key fetching: the good keys beside it still serve."""
    good = ISSUER.jwks()["keys"]
    bad = [
        {"kty": "RSA", "n": "!", "e": "!", "kid": "x"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "oct", "k": ""},
    ]
    kept = read_jwks(json.dumps({"keys": [*bad, *good]}))
    assert {key.key_id for key in kept.keys} == {key["kid"] for key in good}


async def test_a_token_has_one_spelling() -> None:
    """spelling: nothing can be appended to a signature or changed in its last bits."""
    token = ISSUER.sign(STAFF)
    for other in (f"{token}=", f"{token}~", f"{token}\n", f"{token}+", f"{token}A"):
        assert await is_refused(other)
