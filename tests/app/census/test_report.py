"""The census report: counts by dimension, small groups hidden, whole days only."""

import random
import uuid
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from auth.principal import Role
from tests.app.census.records import make_record, send
from tests.harness.system import System

REPORT = """query ($from: DateTime!, $to: DateTime!, $by: [CensusDimension!]!) {
  censusReport(from: $from, to: $to, by: $by) { usersMin hasHidden groups { values users sessions records } } }"""


async def read(system: System, *by: str, role: Role = Role.ANALYST, days: int = 1) -> Any:  # noqa: ANN401 - JSON
    """Return the report of the last days."""
    system.clock.move(hours=1)  # it tells of whole hours
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


async def test_no_hidden_group_falls_out_by_subtraction(system: System) -> None:
    """Seven people with 8.3 and two with 9.9: no total, however divided, counts the two."""
    await send(system, *(make_record(system) for _ in range(7)))
    await send(system, *(make_record(system, osVersion="9.9") for _ in range(2)))
    for by in ((), ("OS_NAME",), ("OS_NAME", "OS_VERSION")):
        report = await read(system, *by)
        assert [(group["users"], group["records"]) for group in report["groups"]] == [(7, 7)], by
        assert report["hasHidden"] is True


async def test_small_groups_together_count_where_they_are_alike(system: System) -> None:
    """Of five languages with one person each no language shows, but their device does."""
    for language in ("EN-US", "FR-FR", "DE-DE", "ES-ES", "JA-JP"):
        await send(system, make_record(system, userLanguage=language))
    assert (await read(system, "USER_LANGUAGE"))["groups"] == []
    assert [group["values"] for group in (await read(system, "DEVICE_MODEL"))["groups"]] == [["iPhone"]]


async def test_no_difference_of_any_two_reports_is_about_fewer_than_five_users(system: System) -> None:
    """Each group is the sum of its shown parts, or differs from it by at least five users; whatever the dimensions."""
    source = random.Random(7)  # noqa: S311 - chance for a test
    choices = {"osName": "ab", "osVersion": "123", "deviceModel": "xy", "userLanguage": ("en", "fr", "de")}
    await send(
        system,
        *(
            make_record(
                system,
                **{field: source.choice(tuple(values)[: source.randint(1, 3)]) for field, values in choices.items()},
            )
            for _ in range(150)
        ),
    )
    names = ("APP_NAME", "DEVICE_MODEL", "OS_NAME", "OS_VERSION", "USER_LANGUAGE")
    reports = {}
    for by in (by for size in range(6) for by in combinations(names, size)):
        groups = (await read(system, *by))["groups"]
        reports[by] = {frozenset(zip(by, group["values"], strict=True)): group["users"] for group in groups}
    for coarse, whole in reports.items():
        for fine, parts in reports.items():
            if set(coarse) < set(fine):
                for values, users in whole.items():
                    rest = users - sum(number for part, number in parts.items() if values <= part)
                    assert rest == 0 or rest >= 5, (coarse, fine, values)


async def test_a_user_stands_with_what_they_had_last(system: System) -> None:
    """Five people who upgrade are five of the new version, so that nobody stands in two groups."""
    users = [str(uuid.uuid4()) for _ in range(5)]
    for days, version in ((1, "8.3"), (0, "9.0")):
        at = (system.clock() - timedelta(days=days)).isoformat()
        await send(system, *(make_record(system, userId=user, osVersion=version, recordedAt=at) for user in users))
    groups = (await read(system, "OS_VERSION", days=2))["groups"]
    assert groups == [{"values": ["9.0"], "users": 5, "sessions": 10, "records": 10}]


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
