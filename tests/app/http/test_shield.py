"""What stands around every answer: headers, host names, other origins, masked defects."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from app.http.shield import EXCEPTION_HANDLERS, Shield, shield_of
from app.settings import Settings
from tests.harness.system import System

EVERYWHERE = {
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def client_of(**settings: str | int) -> httpx.AsyncClient:
    """Return a client of a tiny app that fails in known ways, behind the shield."""

    async def fail(_: Request) -> Response:
        raise RuntimeError("alice@contoso.example")

    async def answer(_: Request) -> Response:
        return Response("ok")

    app = Starlette(
        routes=[Route("/fail", fail), Route("/ok", answer)],
        middleware=shield_of(Settings(**settings)),  # type: ignore[arg-type]
        exception_handlers=EXCEPTION_HANDLERS,
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.test")


@pytest.mark.parametrize("path", ["/graphql", "/explorer", "/explorer/assets/no.js", "/health", "/ready", "/nothing"])
async def test_every_answer_has_the_security_headers(system: System, path: str) -> None:
    """Pages, files, data and refusals alike; frames are refused by policy too."""
    reply = await system.client.get(path)
    assert {name: reply.headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert "default-src 'none'" in reply.headers["content-security-policy"]


async def test_answers_are_not_kept_by_anybody(system: System) -> None:
    """An answer may hold personal data."""
    reply = await system.client.post("/graphql", json={"query": "{ me { kind } }"})
    assert reply.headers["cache-control"] == "no-store"
    assert len(reply.headers["x-request-id"]) == 16


async def test_a_defect_is_masked_with_a_request_id() -> None:
    """The text of an exception goes nowhere."""
    reply = await client_of().get("/fail")
    (error,) = reply.json()["errors"]
    assert (reply.status_code, error["extensions"]["code"]) == (500, "INTERNAL")
    assert error["extensions"]["requestId"] == reply.headers["x-request-id"]
    assert "alice" not in reply.text


async def test_unknown_paths_and_methods_are_coded() -> None:
    """A client reads every refusal the same way."""
    client = client_of()
    assert (await client.get("/nothing")).json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    wrong = await client.post("/ok")
    assert (wrong.status_code, set(wrong.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("api.example.com", 200),
        ("API.example.com:8000", 200),
        ("a.tenant.example.com", 200),
        ("example.com", 400),
        ("tenant.example.com", 400),
        ("evil.test", 400),
        ("api.example.com.evil.test", 400),
        ("[::1]:80", 200),
        ("", 400),
    ],
)
async def test_only_trusted_hosts_are_answered(host: str, status: int) -> None:
    """A page whose name was pointed at this machine gets nothing."""
    client = client_of(trusted_hosts="api.example.com, *.tenant.example.com, [::1]")
    assert (await client.get("/ok", headers={"Host": host})).status_code == status


async def test_two_host_names_are_none() -> None:
    """What stands before this server may have read the other one."""
    client = client_of(trusted_hosts="api.example.com")
    for hosts in (["api.example.com", "evil.test"], ["api.example.com"] * 2):
        assert (await client.get("/ok", headers=[("Host", host) for host in hosts])).status_code == 400


async def test_other_origins_may_not_call_unless_listed() -> None:
    """No CORS header at all by default; with a list, only its entries."""
    asked = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
    closed = await client_of().options("/ok", headers=asked)
    assert "access-control-allow-origin" not in closed.headers
    client = client_of(cors_origins="https://app.example.com")
    assert (await client.options("/ok", headers=asked)).headers["access-control-allow-origin"] == asked["Origin"]
    other = await client.options("/ok", headers=asked | {"Origin": "https://evil.test"})
    assert "access-control-allow-origin" not in other.headers


async def test_https_is_kept_once_it_was_used() -> None:
    """Behind TLS a browser is told to stay there."""
    assert "strict-transport-security" not in (await client_of().get("/ok")).headers
    assert "max-age" in (await client_of().get("https://api.test/ok")).headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("proxies", "told", "is_kept"),
    [
        (0, "https", False),
        (1, "https", True),
        (1, "HTTPS", True),
        (1, "http", False),
        (1, "", False),
        (1, "https, http", False),
        (2, "https, http", True),
        (2, "http, https", False),
        (2, "https", True),
    ],
)
async def test_https_is_kept_where_our_own_proxy_ends_it(proxies: int, told: str, *, is_kept: bool) -> None:
    """The outermost of our own proxies tells how it was called; what a caller wrote before does not count."""
    reply = await client_of(trusted_proxies=proxies).get("/ok", headers={"X-Forwarded-Proto": told})
    assert ("strict-transport-security" in reply.headers) is is_kept


@pytest.mark.parametrize(
    ("headers", "is_passed"),
    [
        ({"host": "api.test"}, True),
        ({"host": "api.test", "origin": "http://api.test"}, True),
        ({"host": "api.test", "origin": "https://api.test"}, True),
        ({"host": "api.test", "origin": "https://app.example.com"}, True),
        ({"host": "api.test", "origin": "https://evil.test"}, False),
        ({"host": "api.test", "origin": "null"}, False),
        ({"host": "evil.test", "origin": "http://evil.test"}, False),
    ],
)
async def test_sockets_are_opened_by_own_and_listed_pages(headers: dict[str, str], *, is_passed: bool) -> None:
    """A browser sends the true origin with each WebSocket; programs send none."""
    passed: list[Scope] = []
    sent: list[Message] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        passed.append(scope)

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    shield = Shield(app, frozenset({"api.test"}), frozenset({"https://app.example.com"}))
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await shield({"type": "websocket", "headers": raw}, receive, send)
    assert bool(passed) is is_passed
    assert sent == ([] if is_passed else [{"type": "websocket.close", "code": 1008}])


@pytest.mark.parametrize("accepts", [True, False])
async def test_a_defect_on_a_socket_is_masked_and_closes_it(
    capsys: pytest.CaptureFixture[str], *, accepts: bool
) -> None:
    """The text of an exception goes nowhere, whether the handshake was answered or not."""
    sent: list[Message] = []

    async def fail(_: Scope, __: Receive, send: Send) -> None:
        if accepts:
            await send({"type": "websocket.accept"})
        raise ExceptionGroup("alice", [RuntimeError("alice@contoso.example")])

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    await Shield(fail, frozenset())({"type": "websocket", "headers": []}, receive, send)
    assert sent[-1] == {"type": "websocket.close", "code": 1011}
    logged = "".join(capsys.readouterr())
    assert "alice" not in logged
    assert "RuntimeError" in logged
