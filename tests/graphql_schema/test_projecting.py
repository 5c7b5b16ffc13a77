"""What is not selected is not read, and what is selected is all there."""

from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type

from auth.principal import Role
from graphql_schema.schema import build_schema
from tests.harness.system import System

RECORD = "mutation($r: [ErrorReportInput!]!) { recordErrors(reports: $r) { accepted } }"
REPORT = build_schema().type_map["ErrorReport"]
assert isinstance(REPORT, GraphQLObjectType)
FIELDS = [name for name in REPORT.fields if name not in {"user", "group", "ipAddress"}]


def selection(name: str) -> str:
    """Return a field of a report with all of its own plain fields."""
    assert isinstance(REPORT, GraphQLObjectType)
    named = get_named_type(REPORT.fields[name].type)
    return f"{name} {{ {' '.join(named.fields)} }}" if isinstance(named, GraphQLObjectType) else name


async def send_whole(system: System) -> None:
    """Record one report with every part, one of its texts scrubbed, and one with none."""
    now = system.clock().isoformat()
    whole: dict[str, Any] = {"code": "AADSTS50105", "message": "for bob@contoso.com", "log": ["a", "b" * 9_000]}
    whole |= {"sessionId": "5E872200-F546-4CCD-8F23-AF5F507AA2DD", "exception": {"type": "E", "message": "m"}}
    whole |= {"performance": {"operation": "load", "durationMs": 1.5}, "network": {"online": True}}
    whole |= {"device": {"osName": "iOS", "memoryMb": 4, "appVersion": "1.2"}}
    reports = [
        {"reportId": "1", "kind": "EXCEPTION", "occurredAt": now, **whole},
        {"reportId": "2", "kind": "OTHER", "occurredAt": now},
    ]
    assert (await system.ask(RECORD, Role.USER, r=reports)).data["recordErrors"]["accepted"] == 2


@pytest.mark.parametrize("note", ["", " # @"])  # a document with an @ takes the ordinary way
async def test_each_field_alone_is_what_it_is_among_all(system: System, note: str) -> None:
    """Nodes, edges, fragments, cursors: whatever is left out, the rest stays as it is."""
    await send_whole(system)
    every = " ".join(selection(name) for name in FIELDS)
    everything = await system.ask(f"{{ errors(first: 9) {{ nodes {{ {every} ipAddress }} }} }}{note}", Role.USER)
    nodes = everything.data["errors"]["nodes"]
    assert len([name for name in FIELDS if nodes[1][name] is not None]) == len(FIELDS)
    for name in FIELDS:
        one = selection(name)
        text = f"{{ errors(first: 9) {{ nodes {{ ...F }} edges {{ cursor node {{ ... on ErrorReport {{ {one} }} }} }} pageInfo {{ endCursor }} }} }} fragment F on ErrorReport {{ {one} }}{note}"
        found = (await system.ask(text, Role.USER)).data["errors"]
        assert [node[name] for node in found["nodes"]] == [node[name] for node in nodes]
        assert [edge["node"][name] for edge in found["edges"]] == [node[name] for node in nodes]
        assert found["edges"][-1]["cursor"] == found["pageInfo"]["endCursor"]


async def test_one_fragment_in_two_places_reads_what_each_place_selects(system: System) -> None:
    """The same selection, merged with another one in one of the places."""
    await send_whole(system)
    text = """{ a: me { user { errors(first: 1) { nodes { id } } } } b: errors(first: 2) { ...F nodes { message } }
      c: errors(first: 2) { ...F } } fragment F on ErrorReportConnection { nodes { code } }"""
    found = (await system.ask(text, Role.USER)).data
    assert [node["message"] for node in found["b"]["nodes"]] == [None, "for [email]"]
    assert [node["code"] for node in found["c"]["nodes"]] == [None, "AADSTS50105"]


@pytest.mark.parametrize("edge", ["__typename", "node { code }", "node { reportId }"])
async def test_edges_need_no_cursor_to_be_selected(system: System, edge: str) -> None:
    """An edge is served with whatever is asked of it."""
    await send_whole(system)
    reply = await system.ask(f"{{ errors(first: 9) {{ edges {{ {edge} }} }} }}", Role.USER)
    assert (reply.errors, len(reply.data["errors"]["edges"])) == ([], 2)
