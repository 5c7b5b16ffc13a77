"""The notice and the store agree both ways: each item has its field, and no field is collected without an item."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType

from app.database.validators import VALIDATORS
from app.practices import CURRENT
from graphql_schema.schema import build_schema

# What is no item of the notice, with the reason: ids and times of the envelope, whose it is, the server's own stamps.
ENVELOPE = {
    "_id",
    "receivedAt",
    "recordedAt",
    "occurredAt",
    "practicesVersion",
    "eventId",
    "reportId",
    "recordKey",
    "name",
}
OWNER = {"companyId", "userId", "personId", "groupId", "sender"}
TOLD_BEFORE = {
    "requestKey",
    "ordinal",
    "createdAt",
    "approvedAt",
    "rejectedAt",
    "processedAt",
    "failedAt",
}  # an event's place in its request, and what was before
BOOKKEEPING = TOLD_BEFORE | {"kind", "verified", "expiresAt", "collectedAt", "firstSeenAt", "lastSeenAt"}
LOOK_UP_KEYS = {"blindIndex", "tenantIndex", "tenantProven", "tenantSince"}
# What stands in clear beside a sealed payload so that reports can be found: parts of items, named there.
COPIED_FOR_FILTERS = {"errors.appVersion": "errors.payload.device"}
SEALED_WHOLE = "errors.payload"
INPUT_ENVELOPE = {"recordId", "recordedAt", "eventId", "occurredAt", "reportId", "kind"}
COLLECTED = ("census", "events", "users", "companies", "errors")
CARRIED = {carrier.stored for item in CURRENT.items for carrier in item.carriers}
SCHEMA = build_schema()


def stored_paths(schema: dict[str, Any], prefix: str) -> list[str]:
    """Return the paths of all fields that a validator admits."""
    paths: list[str] = []
    for name, part in schema.get("properties", {}).items():
        paths += stored_paths(part, f"{prefix}.{name}") if part.get("properties") else [f"{prefix}.{name}"]
    return paths


@pytest.mark.parametrize("collection", COLLECTED)
def test_no_field_is_stored_without_an_item(collection: str) -> None:
    """Whatever a validator admits is an item of the notice, or named above with its reason."""
    unnamed = []
    for path in stored_paths(VALIDATORS[collection]["$jsonSchema"], collection):
        leaf = path.split(".")[-1]
        if path in CARRIED or path == SEALED_WHOLE or COPIED_FOR_FILTERS.get(path) in CARRIED:
            continue
        if leaf not in ENVELOPE | OWNER | BOOKKEEPING | LOOK_UP_KEYS or (collection == "census" and leaf in OWNER):
            unnamed.append(path)
    assert unnamed == []


def test_no_item_is_without_its_field() -> None:
    """Whatever the notice lists is admitted by a validator, or lies in the sealed payload of an error report."""
    admitted = {path for name in COLLECTED for path in stored_paths(VALIDATORS[name]["$jsonSchema"], name)}
    assert [path for path in sorted(CARRIED) if path not in admitted and not path.startswith(f"{SEALED_WHOLE}.")] == []


@pytest.mark.parametrize("name", ["CensusInput", "EventInput", "ErrorReportInput"])
def test_no_input_field_is_without_an_item(name: str) -> None:
    """What clients may send is what the notice lists, and the envelope."""
    items = {carrier.stored.split(".")[-1] for item in CURRENT.items for carrier in item.carriers}
    type_ = SCHEMA.type_map[name]
    assert isinstance(type_, GraphQLInputObjectType)
    parts = [SCHEMA.type_map[str(field.type)] for field in type_.fields.values()] if type_.is_one_of else [type_]
    sent = {field for part in parts for field in part.fields}  # type: ignore[attr-defined]
    assert sent - items - INPUT_ENVELOPE == set()


def test_a_field_without_an_item_fails() -> None:
    """The rule can fail: a validator with one more field is found out."""
    widened = {"properties": {**VALIDATORS["census"]["$jsonSchema"]["properties"], "phone": {"bsonType": "string"}}}
    assert [path for path in stored_paths(widened, "census") if path.endswith("phone")] == ["census.phone"]
    assert "census.phone" not in CARRIED
