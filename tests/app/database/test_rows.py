"""Documents read many at once hold what the driver gives one by one, moments in UTC at any depth."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Binary, ObjectId
from hypothesis import given
from hypothesis import strategies as some
from pydantic import SecretStr

from app.database.client import Database, connect
from app.database.embedded import EmbeddedMongod
from app.database.rows import add_zone, find_rows, iterate_rows
from app.settings import Settings

OLD, NEW = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
MOMENTS = some.datetimes(timezones=some.just(UTC))
VALUES = some.recursive(
    some.none() | some.integers() | some.text() | MOMENTS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=3), inner, max_size=3),
)


@pytest.fixture(params=["motor", "pymongo"])
async def database(request: pytest.FixtureRequest, mongod: EmbeddedMongod) -> AsyncIterator[Database]:
    """An empty database, through each driver."""
    uri = SecretStr(mongod.uri)
    opened = connect(Settings(mongodb_uri=uri, mongodb_database="test_rows", database_driver=request.param))
    yield opened
    await opened.client.drop_database("test_rows")
    await opened.close()


def document(number: int) -> dict[str, Any]:
    """A document with moments at every depth."""
    deep = {"at": NEW, "list": [OLD, "text", [NEW], {"at": OLD}]}
    return {"_id": number, "at": OLD, "told": deep, "key": ObjectId(), "blob": Binary(b"1", 6), "none": None}


async def test_rows_are_the_driver_s_documents(database: Database) -> None:
    """All of them, or a part of them, in the order that is asked for."""
    await database["things"].insert_many([document(number) for number in range(7)])
    expected = await database["things"].find({}).sort("_id", -1).to_list(None)
    assert await find_rows(database["things"], {}, sort=[("_id", -1)]) == expected
    part = await find_rows(database["things"], {}, {"told": 1}, limit=2, sort=[("_id", -1)])
    assert part == [{"_id": row["_id"], "told": row["told"]} for row in expected[:2]]
    assert await find_rows(database["things"], {"_id": "nobody"}) == []
    batches = [batch async for batch in iterate_rows(database["things"], {}, batch_size=3, sort=[("_id", -1)])]
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert [row for batch in batches for row in batch] == expected
    assert {type(row["blob"]) for row in expected} == {type(row["blob"]) for batch in batches for row in batch}


@given(some.dictionaries(some.text(max_size=3), VALUES, max_size=4))
def test_only_moments_change(given_one: dict[str, Any]) -> None:
    """Without their zone they are what the driver reads; with it they are what was stored."""
    bare = _without_zone(given_one)
    add_zone([bare])
    assert bare == given_one
    assert _zones(bare) <= {UTC}


def _without_zone(value: Any) -> Any:  # noqa: ANN401 - any value of a document
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, dict):
        return {key: _without_zone(inner) for key, inner in value.items()}
    return [_without_zone(inner) for inner in value] if isinstance(value, list) else value


def _zones(value: object) -> set[Any]:
    if isinstance(value, datetime):
        return {value.tzinfo}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {zone for one in inner for zone in _zones(one)}
