"""Lists of what reports tell, read from their payloads alone, show what their documents would."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from bson import Binary
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.database.client import Document
from app.database.pages import PageRequest
from app.error_reports.day_keys import MARK_BYTES, DayKeys, day_of, seal_payload
from app.error_reports.filters import ErrorFilter, ErrorsOf
from app.error_reports.telling import (
    Removal,
    ToldDevice,
    ToldException,
    ToldNetwork,
    ToldPerformance,
    ToldReport,
)
from auth.principal import Role
from graphql_schema.schema import build_schema
from tests.app.error_reports.reports import make_report, send
from tests.harness.system import System

TOLD = """id reportId kind code message log sessionId truncated occurredAt %s
  exception { type message stackTrace } performance { operation durationMs succeeded retries }
  device { model osName osVersion appVersion language memoryMb }
  network { connection effectiveType downlinkMbps roundTripMs online } scrubbed { path rule count }"""
SESSION = "0A1B2C3D-0000-4000-8000-000000000001"
FULL = {
    "code": "AADSTS50058",
    "message": "write to jane.doe@example.com " + "x" * 9_000,
    "log": ["one", "two"],
    "sessionId": SESSION,
    "exception": {"type": "TypeError", "message": "broken", "stackTrace": "at line 1"},
    "performance": {"operation": "load", "durationMs": 5, "succeeded": False, "retries": 2},
    "device": {
        "model": "m",
        "osName": "o",
        "osVersion": "1",
        "appVersion": "2",
        "language": "de",
        "memoryMb": 2**31 - 1,
    },
    "network": {"connection": "wifi", "effectiveType": "4g", "downlinkMbps": 1.5, "roundTripMs": 9, "online": True},
}


class KeysMeanwhile(DayKeys):
    """Keys during whose reading something happens."""

    meanwhile: Callable[[], Awaitable[object]]

    async def keys_for(self, rows: Iterable[Document], now: datetime) -> Mapping[bytes, AESGCM]:
        """Let it happen, then read."""
        await self.meanwhile()
        return await DayKeys.keys_for(self, rows, now)


async def nodes(system: System, fields: str) -> list[dict[str, Any]]:
    """Return the nodes of the list, sorted by id."""
    reply = await system.ask(f"{{ errors(first: 9) {{ nodes {{ {fields} }} }} }}", Role.SUPPORT)
    assert reply.errors == []
    return sorted(reply.data["errors"]["nodes"], key=lambda node: node["id"])


async def both_ways(system: System) -> list[dict[str, Any]]:
    """Return what payloads alone tell, seen to be what whole documents do: `user` needs those."""
    told = await nodes(system, TOLD % "")
    for more in ("user { id }", "receivedAt erasedAt", "receivedAt erasedAt user { id }"):
        shown = await nodes(system, TOLD % more)
        assert [{name: node[name] for name in told[0]} for node in shown] == told
        assert all(node.get("receivedAt", "Z").endswith("Z") for node in shown)
    return told


async def test_both_ways_tell_the_same(system: System) -> None:
    """Of a report with everything that can be told, and of one with nothing that need not."""
    at = system.clock().replace(microsecond=123_987).isoformat()
    await send(system, make_report(system, occurredAt=at, **FULL), make_report(system, message=None), role=Role.USER)
    full, least = await both_ways(system)
    assert full["occurredAt"][19:] in {".123Z", ".123000Z"}  # as MongoDB keeps it
    assert (full["truncated"], full["scrubbed"][0]["path"]) == (["message"], "message")
    assert {name for name, value in full.items() if value is None} == set()
    assert {name for name, value in least.items() if value is not None} == {"id", "reportId", "kind", "occurredAt"}


async def test_what_a_payload_does_not_tell_its_document_does(system: System) -> None:
    """One of an earlier version, which held less; one that was changed; one whose key is gone."""
    await send(system, *(make_report(system, code=f"C{number}") for number in range(3)), role=Role.USER)
    errors = system.services.database["errors"]
    earlier, changed, keyless = await errors.find({}).sort("_id", 1).to_list(None)
    day = day_of(earlier["receivedAt"])
    key = await system.services.errors.keys.key_of(day, system.clock())
    sealed = seal_payload(key, day, earlier["_id"].binary, {"message": "from before"})
    await errors.update_one({"_id": earlier["_id"]}, {"$set": {"payload": sealed}})
    assert [node["message"] for node in await both_ways(system)] == ["from before", "It broke", "It broke"]
    await errors.update_one({"_id": changed["_id"]}, {"$set": {"payload": Binary(changed["payload"][:-1] + b"?")}})
    assert [node["message"] for node in await both_ways(system)] == ["from before", None, "It broke"]
    other_day = seal_payload(key, day - timedelta(days=1), b"", {})[:MARK_BYTES]
    await errors.update_one({"_id": keyless["_id"]}, {"$set": {"payload": Binary(other_day + keyless["payload"])}})
    shown = await both_ways(system)
    assert [(node["code"], node["message"]) for node in shown] == [("C0", "from before"), ("C1", None), ("C2", None)]
    for odd in (b"", sealed[:2], sealed[:MARK_BYTES], sealed[: MARK_BYTES + 5], b"\xff\xff\xff" + sealed[MARK_BYTES:]):
        await errors.update_one({"_id": changed["_id"]}, {"$set": {"payload": Binary(odd)}})
        assert [node["message"] for node in await both_ways(system)] == ["from before", None, None]


async def test_a_report_that_goes_while_it_is_read_leaves_no_hole(system: System) -> None:
    """The page has a row less, and goes on where it ends."""
    await send(system, *(make_report(system, code=f"C{number}") for number in range(3)), role=Role.USER)
    service, now = system.services.errors, system.clock()
    rows = await service.database["errors"].find({}).sort("_id", -1).to_list(None)
    await service.database["errors"].update_one({"_id": rows[1]["_id"]}, {"$set": {"payload": Binary(b"")}})
    keys = KeysMeanwhile(service.keys.store, service.keys.keyring, service.keys.life)
    keys.meanwhile = lambda: service.database["errors"].delete_one({"_id": rows[1]["_id"]})
    page = await replace(service, keys=keys).find_told(ErrorsOf(), ErrorFilter(), PageRequest(2), now, received=True)
    assert [node.code for node in page.nodes] == [rows[0]["code"]]
    assert len(page.edges) == 1
    assert page.page_info["endCursor"] == page.edges[-1]["cursor"]


async def test_pages_of_what_is_told_follow_each_other(system: System) -> None:
    """Each report is on one page, by the cursors of edges and of pages."""
    await send(system, *(make_report(system, message=f"M{number}") for number in range(7)), role=Role.USER)
    text = """query ($after: String) { errors(first: 3, after: $after) {
      edges { cursor node { message } } pageInfo { hasNextPage endCursor } } }"""
    after, seen, more = None, [], True
    while more:
        page = (await system.ask(text, Role.SUPPORT, after=after)).data["errors"]
        seen += [edge["node"]["message"] for edge in page["edges"]]
        assert page["edges"][-1]["cursor"] == page["pageInfo"]["endCursor"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert seen == [f"M{number}" for number in range(6, -1, -1)]


def test_what_is_told_has_the_fields_of_the_schema() -> None:
    """A field that only one of the two had would be missing in lists, or asked for in vain."""
    types: Any = build_schema().type_map
    looked_up = {"erasedAt", "group", "user", "ipAddress"}
    records: dict[str, type[msgspec.Struct]] = {
        "ErrorReport": ToldReport,
        "Exception": ToldException,
        "Performance": ToldPerformance,
        "Device": ToldDevice,
        "Network": ToldNetwork,
        "ScrubbedText": Removal,
    }
    for name, record in records.items():
        told = {field.encode_name for field in msgspec.structs.fields(record)}
        assert told == set(types[name].fields) - looked_up, name
