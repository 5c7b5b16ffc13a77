"""Fuzz, bounded in time: never a 5xx, never an INTERNAL, never over the time budget, never a restricted value of somebody else."""

import json
import time
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from auth.principal import Role
from graphql_schema.schema import build_schema
from tests.edge.generated import operations
from tests.harness.system import System

SECRET = "zq-planted"  # stands in every restricted field of the person below
BUDGET_SECONDS = 10
FUZZ = settings(
    max_examples=120,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
SAVE = """
mutation($input: AuthenticatedProfileInput!) { saveAuthenticatedProfile(input: $input) { kind } }
"""
PROFILE = {
    "intercomId": f"{SECRET}@contoso.example",
    "intercomEmail": f"{SECRET}@contoso.example",
    "msEmail": f"{SECRET}@contoso.example",
    "tld": f"{SECRET}.example",
    "name": f"{SECRET} Hawking",
}


@pytest.fixture(scope="session")
async def planted(edge: System) -> System:
    """The shared system, with a person whose restricted fields are all known to the test."""
    schema = build_schema().type_map["AuthenticatedProfileInput"]
    wanted = {name: value for name, value in PROFILE.items() if name in schema.fields}  # type: ignore[attr-defined]
    somebody_else = edge.token(Role.USER, str(uuid.uuid4()).upper(), str(uuid.uuid4()).upper())
    reply = await edge.ask(SAVE, token=somebody_else, input=wanted)
    assert reply.errors == []
    return edge


async def check(system: System, content: bytes, headers: dict[str, str]) -> None:
    """Send a body and look at what came back."""
    started = time.perf_counter()
    reply = await system.client.post("/graphql", content=content, headers=headers)
    assert time.perf_counter() - started < BUDGET_SECONDS
    assert reply.status_code < 500, reply.text
    assert SECRET not in reply.text
    for error in reply.json().get("errors", ()):
        assert error["extensions"]["code"] != "INTERNAL", (content, error)


@given(operation=operations(build_schema()), role=st.sampled_from([None, *Role]))
@FUZZ
async def test_operations_made_of_the_schema(
    planted: System, operation: tuple[str, dict[str, Any]], role: Role | None
) -> None:
    """Any field with any arguments in any role."""
    query, variables = operation
    content = json.dumps({"query": query, "variables": variables}).encode()
    token = {"Authorization": f"Bearer {planted.token(role)}"} if role else {}
    await check(planted, content, {"Content-Type": "application/json", **token})


PIECES = st.sampled_from(
    ["{", "}", "(", ")", "[", "]", ":", "$", "!", "|", "&", "=", "@", "...", '"', '"""', "#", "\n", "me", "kind", "users", "first",
     "1", "-0", "1e9", "query", "mutation", "fragment", "on", "User", "null", "true", "__typename", "\\u0000", "\u00e9", "{me{kind}}"]
)  # fmt: skip


@given(
    pieces=st.lists(PIECES, max_size=40),
    variables=st.none() | st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)
@FUZZ
async def test_documents_made_of_pieces(planted: System, pieces: list[str], variables: dict[str, int] | None) -> None:
    """Whatever the parser is given."""
    content = json.dumps({"query": " ".join(pieces), "variables": variables}).encode()
    await check(planted, content, {"Content-Type": "application/json"})


@given(
    content=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: json.dumps({"query": text}).encode()),
    kind=st.sampled_from(["application/json", "application/json; charset=utf-8", "text/plain", "application/graphql"]),
    accept=st.sampled_from(
        ["*/*", "application/json", "application/graphql-response+json", ";q=", ",,,", "text/html;q=0.1"]
    ),
)
@FUZZ
async def test_raw_bytes(planted: System, content: bytes, kind: str, accept: str) -> None:
    """Whatever stands in a body and its headers."""
    await check(planted, content, {"Content-Type": kind, "Accept": accept})


@given(query_string=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80))
@FUZZ
async def test_query_strings(planted: System, query_string: str) -> None:
    """Whatever stands in an address."""
    reply = await planted.client.get(f"/graphql?{query_string.replace('#', '')}")
    assert reply.status_code < 500
