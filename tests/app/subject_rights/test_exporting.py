"""A copy of one's own data has an end: in rows of a kind, and in bytes of all of them together."""

import json
from typing import Any

from bson import ObjectId

from app.error_reports.day_keys import day_of, seal_payload
from app.subject_rights.gathering import BYTES_MAX, LIST_MAX
from auth.principal import Role
from tests.harness.people import COMPANY, PERSON, save_people
from tests.harness.system import System

LINE = "\u0001" * 200  # six characters of JSON each, so that what is stored tells little of what is sent


async def store_reports(system: System, number: int, lines: int) -> None:
    """Store reports of the demo user as the service does, without the time that reading them takes; all of one day."""
    now, errors = system.clock(), system.services.errors
    day, rows = day_of(now), []
    key = await errors.keys.key_of(day, now)
    for place in range(number):
        identity = ObjectId()
        fields = {"reportId": f"r{place}", "kind": "OTHER", "occurredAt": now, "groupId": "a" * 32}
        payload = seal_payload(key, day, identity.binary, {**fields, "log": [LINE] * lines})
        whose = {"companyId": COMPANY, "userId": PERSON, "practicesVersion": "2019-10-09", "receivedAt": now}
        rows.append({"_id": identity, **fields, **whose, "payload": payload})
    await system.services.database["errors"].insert_many(rows)


async def copy(system: System) -> tuple[int, dict[str, Any]]:
    """Return how many characters the demo user's copy has, and what it says."""
    reply = await system.ask("{ myData }", Role.USER)
    assert reply.errors == []
    return len(reply.data["myData"]), json.loads(reply.data["myData"])


async def test_a_copy_is_bounded_in_bytes(system: System) -> None:
    """Of reports of 120 kB the latest come that fit, the cut kind is named, and what is small stays whole."""
    await save_people(system)
    await store_reports(system, number=200, lines=100)
    length, mine = await copy(system)
    assert length < BYTES_MAX * 1.1
    told = [report["reportId"] for report in mine["held"]["errors"]]
    assert told == [f"r{place}" for place in range(199, 199 - len(told), -1)]
    assert 100 < len(told) < 200
    assert (mine["notAll"], mine["atMost"], mine["atMostBytes"]) == (["errors"], LIST_MAX, BYTES_MAX)
    assert len(mine["held"]["profiles"]) == 2


async def test_a_copy_of_many_pages_is_whole(system: System) -> None:
    """What fits comes completely, each row once, and nothing is named as cut."""
    await save_people(system)
    await store_reports(system, number=450, lines=1)
    _, mine = await copy(system)
    told = [report["reportId"] for report in mine["held"]["errors"]]
    assert told == [f"r{place}" for place in range(449, -1, -1)]
    assert "notAll" not in mine
