"""Malformed input: each piece of it is a 4xx with a code, none is a 500."""

import json
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest

from tests.harness.system import System

MODERN = "application/graphql-response+json"
TOO_DEEP = "[" * 100_000 + "]" * 100_000


def body(query: object = "{ me { kind } }", **others: object) -> bytes:
    """Return the body of an operation."""
    return json.dumps({"query": query, **others}).encode()


BODIES: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"{",
    "null": b"null",
    "true": b"true",
    "5": b"5",
    '"x"': b'"x"',
    "list": b"[]",
    "batch": b"[" + body() + b"]",
    "deep lists": TOO_DEEP.encode(),
    "deep lists unclosed": b"[" * 1_000_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep variables": b'{"query":"{me{kind}}","variables":{"a":' + TOO_DEEP.encode() + b"}}",
    "65 levels": b'{"query":"{me{kind}}","variables":{"a":' + b"[" * 63 + b"]" * 63 + b"}}",
    "long number": b'{"query":"{me{kind}}","variables":{"a":' + b"9" * 5_000 + b"}}",
    "long fraction": b'{"query":"{me{kind}}","variables":{"a":0.' + b"9" * 5_000 + b"}}",
    "NaN": b'{"query":"{me{kind}}","variables":{"a":NaN}}',
    "Infinity": b'{"query":"{me{kind}}","variables":{"a":Infinity}}',
    "bad UTF-8": b'{"query":"{me{kind}} #\xff"}',
    "overlong UTF-8": b'{"query":"{me{kind}} #\xc0\xaf"}',
    "UTF-16": body().decode().encode("utf-16"),
    "UTF-8 with a mark": b"\xef\xbb\xbf" + body(),
    "raw surrogate": b'{"query":"{me{kind}} #\xed\xa0\x80"}',
    "escaped lone surrogate": rb'{"query":"{me{kind}} #\ud800"}',
    "lone surrogate in a variable": rb'{"query":"query($f:Int!){users(first:$f){nodes{id}}}","variables":{"f":"\udfff"}}',
    "control character": b'{"query":"{me{kind}}\x00"}',
    "two values": body() + body(),
    "no query": b"{}",
    "query null": body(None),
    "query number": body(5),
    "query list": body(["{me{kind}}"]),
    "query object": body({}),
    "query empty": body(""),
    "query blank": body("   "),
    "query a comment": body("# nothing"),
    "variables a list": body(variables=[]),
    "variables a text": body(variables="{}"),
    "variables a number": body(variables=0),
    "operationName a number": body(operationName=5),
    "operationName a list": body(operationName=[]),
    "extensions a text": body(extensions="x"),
    "several operations without a name": body("query A { me { kind } } query B { me { kind } }"),
    "unknown operation": body("query A { me { kind } }", operationName="B"),
    "several without names": body("{ me { kind } } { me { kind } }"),
    "same name twice": body("query A { me { kind } } query A { me { kind } }"),
    "empty selection": body("{ }"),
    "empty selection below": body("{ me { } }"),
    "no selection": body("{ me }"),
    "selection of a leaf": body("{ me { kind { a } } }"),
    "only a fragment": body("fragment a on Query { me { kind } }"),
    "SDL": body("type A { b: Int }"),
    "unknown directive": body("{ me @nothing { kind } }"),
    "unknown type": body("query($a: Nothing) { me { kind } }"),
    "undeclared variable": body("{ users(first: $n) { nodes { id } } }"),
    "variable twice": body("query($a: Int!, $a: Int!) { users(first: $a) { nodes { id } } }", variables={"a": 1}),
    "text for a number": body('{ users(first: "one") { nodes { id } } }'),
    "huge int": body("{ users(first: 99999999999) { nodes { id } } }"),
    "variable missing": body("query($a: Int!) { users(first: $a) { nodes { id } } }"),
    "subscription": body("subscription { usageChanged { asOf } }"),
    "defer": body("{ ... @defer { me { kind } } }"),
    "NUL in a name": body("{ me\x00 { kind } }"),
    "unterminated text": body('{ user(id: "1) { id } }'),
    "bad escape": body('{ user(id: "\\x") { id } }'),
    "surrogate by escape": body('{ user(id: "\\uD800") { id } }'),
    "code point too large": body('{ user(id: "\\u{FFFFFFFF}") { id } }'),
}


@pytest.mark.parametrize("content", BODIES.values(), ids=BODIES.keys())
async def test_malformed_bodies_are_a_coded_4xx(edge: System, content: bytes) -> None:
    """A refusal has a code, a sentence, and nothing of an exception's own text."""
    headers = {"Content-Type": "application/json", "Accept": MODERN}
    check(await edge.client.post("/graphql", content=content, headers=headers))


def check(reply: httpx.Response) -> None:
    """Assert that a reply is a coded refusal."""
    assert 400 <= reply.status_code < 500, reply.text
    errors = reply.json()["errors"]
    assert errors
    assert all(
        error["extensions"]["code"] in {"BAD_USER_INPUT", "TOO_COMPLEX"} and error["message"] for error in errors
    )
    assert "data" not in reply.json()
    assert "Traceback" not in reply.text


QUERY_STRINGS = {
    "nothing": "",
    "bad UTF-8": "query=%FF",
    "surrogate": "query=%ED%A0%80",
    "variables not JSON": "query={me{kind}}&variables={",
    "variables a list": "query={me{kind}}&variables=[]",
    "variables deep": "query={me{kind}}&variables=" + "[" * 100,
    "variables a long number": 'query={me{kind}}&variables={"a":' + "9" * 500 + "}",
    "extensions a text": 'query={me{kind}}&extensions="x"',
    "query twice": "query={me{kind}}&query={me{roles}}",
    "many parameters": "query={me{kind}}&" + "&".join(f"a{n}=1" for n in range(50)),
    "mutation": urlencode({"query": "mutation { newAnonymousIds { userId } }"}),
    "token in the address": "query={me{kind}}&access_token=abc",
}


@pytest.mark.parametrize("query_string", QUERY_STRINGS.values(), ids=QUERY_STRINGS.keys())
async def test_malformed_query_strings_are_a_coded_4xx(edge: System, query_string: str) -> None:
    """A GET is read as strictly as a body."""
    url = httpx.URL("http://api.test/graphql", query=query_string.encode("latin-1"))
    check(await edge.client.get(url, headers={"Accept": MODERN}))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": "application/json; charset=utf-16"}, 415),
        ({"Content-Type": "application/json", "Accept": "text/plain"}, 406),
        ({"Content-Type": "application/json", "Accept": "application/json;q=0"}, 406),
        ({"Content-Type": "application/json", "Accept": "application/json;q=high"}, 406),
    ],
)
async def test_other_media_types_are_refused(edge: System, headers: dict[str, str], status: int) -> None:
    """No form can be posted here, which is also what keeps other sites' pages out."""
    reply = await edge.client.post("/graphql", content=body(), headers=headers)
    assert reply.status_code == status
    check(reply)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused(edge: System, method: str) -> None:
    """405 says which methods there are."""
    reply = await edge.client.request(method, "/graphql")
    assert (reply.status_code, reply.headers["Allow"]) == (405, "GET, POST")


async def test_the_body_is_counted_as_it_arrives(edge: System) -> None:
    """A body without a length is refused at the limit; as much again is let in, unkept, so that the answer is read."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    headers = {"Content-Type": "application/json", "Accept": MODERN}
    reply = await edge.client.post("/graphql", content=endless(), headers=headers)
    assert reply.status_code == 413
    assert reply.json()["errors"][0]["extensions"] == {
        "code": "PAYLOAD_TOO_LARGE",
        "limit": "bytes",
        "maximum": 1 << 20,
    }
    assert sent < 2 * (1 << 20) + 4 * 65_536


async def test_too_many_values_are_refused(edge: System) -> None:
    """A body of a third of a million values is refused before it is parsed."""
    reply = await edge.client.post("/graphql", json={"query": "{ me { kind } }", "variables": {"a": [1] * 300_000}})
    assert reply.json()["errors"][0]["extensions"]["limit"] == "values"


async def test_what_only_looks_malformed_is_taken(edge: System) -> None:
    """Brackets, commas and digits inside texts are data."""
    text = '[{"\\' * 1_000 + "," * 60_000 + "9" * 5_000
    query = "query($id: ID!) { user(id: $id) { id } }"
    reply = await edge.client.post("/graphql", json={"query": query, "variables": {"id": text}})
    assert reply.status_code == 200
    assert "user" in reply.json()["data"]
