"""The census report: counts by dimension, small groups hidden, whole days only."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from auth.principal import Role
from tests.app.census.records import make_record, send
from tests.harness.system import System

REPORT = """query ($from: DateTime!, $to: DateTime!, $by: [CensusDimension!]!) {
  censusReport(from: $from, to: $to, by: $by) { usersMin hasHidden groups { values users sessions records } } }"""


async def read(system: System, *by: str, role: Role = Role.ANALYST, days: int = 1) -> Any:  # noqa: ANN401 - JSON
    """Return the report of the last days."""
    now = system.clock()
    span = {"from": (now - timedelta(days=days)).isoformat(), "to": now.isoformat()}
    return (await system.ask(REPORT, role, by=list(by), **span)).data["censusReport"]


async def test_groups_of_fewer_than_five_users_are_hidden(system: System) -> None:
    """Five people with an iPhone show, four with a Pixel do not, and no sum gives them away."""
    await send(system, *(make_record(system) for _ in range(5)))
    await send(system, *(make_record(system, deviceModel="Pixel 8") for _ in range(4)))
    report = await read(system, "DEVICE_MODEL")
    assert report["groups"] == [{"values": ["iPhone"], "users": 5, "sessions": 5, "records": 5}]
    assert report["hasHidden"] is True


async def test_a_user_counts_once_however_many_sessions(system: System) -> None:
    """Five records of one user are one user, so the group is hidden."""
    user = str(uuid.uuid4())
    await send(system, *(make_record(system, userId=user) for _ in range(5)))
    assert (await read(system, "OS_NAME"))["groups"] == []


async def test_values_stand_in_the_order_of_the_dimensions(system: System) -> None:
    """Several dimensions give one group for each combination."""
    await send(system, *(make_record(system, osVersion="17.1") for _ in range(6)))
    groups = (await read(system, "OS_VERSION", "OS_NAME"))["groups"]
    assert [group["values"] for group in groups] == [["17.1", "iPhoneiOS"]]


async def test_without_a_dimension_everybody_is_one_group(system: System) -> None:
    """The total."""
    await send(system, *(make_record(system) for _ in range(7)))
    assert [group["users"] for group in (await read(system))["groups"]] == [7]


async def test_records_tell_no_exact_time(system: System) -> None:
    """The day of the record and the hour of its arrival: nothing that a call of a known person could be matched by."""
    await send(system, make_record(system))
    stored = await system.services.database["census"].find_one({})
    assert stored["recordedAt"].time().isoformat() == "00:00:00"
    assert (stored["receivedAt"].minute, stored["receivedAt"].second, stored["receivedAt"].microsecond) == (0, 0, 0)


@pytest.mark.parametrize("role", [Role.USER, Role.COMPANY_ADMIN, Role.INGEST, None])
async def test_only_the_vendor_reads_the_report(system: System, role: Role | None) -> None:
    """It is nobody else's."""
    now = system.clock().isoformat()
    reply = await system.ask(REPORT, role, by=[], **{"from": "2026-01-01T00:00:00Z", "to": now})
    assert reply.codes == ["FORBIDDEN"]
