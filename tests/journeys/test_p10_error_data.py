"""P10: error data is typed, clean, grouped, and holds no more of an address than the operator keeps, sealed."""

from pathlib import Path
from typing import Any

import pytest

from app.database.embedded import EmbeddedMongod
from auth.principal import Role
from tests.app.error_reports.reports import ERRORS, make_report, send
from tests.harness.system import System, running_system

TRACE = 'Traceback (most recent call last):\n  File "/home/bob/app/teams.py", line {line}, in load\nValueError: {text}'
OPEN = """mutation { openSupportRequest(input: {reason: "cannot sign in"}) { id } }"""
TAKE = "mutation ($id: ID!) { takeSupportRequest(id: $id) { id } }"


async def read(system: System, role: Role, wanted: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the reports as a role reads them."""
    nodes: list[dict[str, Any]] = (await system.ask(ERRORS, role, filter=wanted)).data["errors"]["nodes"]
    return nodes


async def test_a_report_comes_back_typed_and_clean(system: System) -> None:
    """What was sent is served without what identifies, and says what was removed."""
    exception = {
        "type": "ValueError",
        "message": "no team for bob@contoso.com",
        "stackTrace": TRACE.format(line=3, text="x"),
    }
    device = {"model": "Surface", "osName": "Windows", "osVersion": "10.0.19045.3803", "appVersion": "1.2.3"}
    sent = make_report(system, code="E42", exception=exception, device=device, log=["from 10.1.2.3"])
    await send(system, sent, role=Role.USER)
    (report,) = await read(system, Role.SUPPORT)
    assert report["exception"]["message"] == "no team for [email]"
    assert "/home/[user]/app/teams.py" in report["exception"]["stackTrace"]
    assert (report["code"], report["log"], report["device"]["osVersion"]) == ("E42", ["from [ip]"], "10.0.19045.3803")
    assert {entry["rule"] for entry in report["scrubbed"]} == {"email", "home-folder", "ip"}


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ('performance: { operation: "load", durationMs: 1e400 }', "performance.durationMs"),
        ('performance: { operation: "load", durationMs: -1 }', "performance.durationMs"),
        ('performance: { operation: "load", durationMs: 1, retries: -3 }', "performance.retries"),
        ("network: { downlinkMbps: 1e400 }", "network.downlinkMbps"),
        ("device: { memoryMb: -1 }", "device.memoryMb"),
    ],
)
async def test_a_number_that_is_none_costs_only_its_report(system: System, part: str, field: str) -> None:
    """Stored, it could not be read by anybody; a document may hold numbers that JSON cannot."""
    moment = system.clock().isoformat()
    items = [
        f'{{ reportId: "{place}", occurredAt: "{moment}", kind: PERFORMANCE, {more} }}'
        for place, more in enumerate((part, 'performance: { operation: "load", durationMs: 0.5 }'))
    ]
    query = f"mutation {{ recordErrors(reports: [{', '.join(items)}]) {{ accepted rejected {{ index code field }} }} }}"
    result = (await system.ask(query, Role.USER)).data["recordErrors"]
    assert result == {"accepted": 1, "rejected": [{"index": 0, "code": "BAD_USER_INPUT", "field": field}]}
    (kept,) = await read(system, Role.USER)
    assert kept["reportId"] == "1"


async def test_the_same_fault_is_one_group_with_people_counted(system: System) -> None:
    """Two people, three reports, one fault; another fault is another group; sent again counts nothing."""
    same = [
        make_report(
            system, exception={"type": "ValueError", "message": text, "stackTrace": TRACE.format(line=n, text=text)}
        )
        for n, text in enumerate(("team 1", "team 22", "team 333"))
    ]
    other = make_report(system, exception={"type": "KeyError", "message": "x"})
    await send(system, *same[:2], other, role=Role.USER)
    await send(system, *same[:2], role=Role.USER)
    await send(system, same[2], role=Role.COMPANY_ADMIN)
    query = "{ errorGroups(first: 10) { nodes { count affectedUsers title kind } } }"
    for role in (Role.SUPPORT, Role.COMPANY_ADMIN):
        groups = (await system.ask(query, role)).data["errorGroups"]["nodes"]
        assert sorted((group["count"], group["affectedUsers"]) for group in groups) == [(1, 1), (3, 2)]
    own = (await system.ask(query, Role.USER)).data["errorGroups"]["nodes"]
    assert sorted(group["count"] for group in own) == [1, 2]


@pytest.mark.parametrize(("mode", "kept"), [("full", "203.0.113.77"), ("truncated", "203.0.113.0"), ("none", None)])
async def test_the_address_is_kept_as_the_operator_says_and_opens_for_a_taken_request(
    mongod: EmbeddedMongod, tmp_path: Path, mode: str, kept: str | None
) -> None:
    """Sealed in the database; null for everybody until an agent has taken a request about the person."""
    async with running_system(mongod.uri, tmp_path, error_ip=mode, trusted_proxies=1) as system:
        system.client.headers["X-Forwarded-For"] = "198.51.100.9, 203.0.113.77"
        await send(system, make_report(system), role=Role.USER)
        request = (await system.ask(OPEN, Role.USER)).data["openSupportRequest"]["id"]
        refused = await system.ask(ERRORS, Role.SUPPORT)
        assert (refused.data["errors"]["nodes"][0]["ipAddress"], refused.codes) == (None, ["SUPPORT_REQUEST_REQUIRED"])
        await system.ask(TAKE, Role.SUPPORT, id=request)
        assert (await read(system, Role.SUPPORT))[0]["ipAddress"] == kept
        stored = str(await system.services.database["errors"].find_one({}))
        assert "203.0.113" not in stored


async def test_a_report_without_a_token_keeps_no_address_and_no_person(system: System) -> None:
    """Nothing says who sent it."""
    await send(system, make_report(system))
    stored = await system.services.database["errors"].find_one({})
    assert not {"companyId", "userId", "restricted"} & set(stored)
    (row,) = await read(system, Role.SUPPORT)
    assert row["ipAddress"] is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [({"kinds": ["NETWORK"]}, ["b"]), ({"code": "E1"}, ["a"]), ({"appVersion": "2.0"}, ["b"]), ({"code": "x"}, [])],
)
async def test_reports_are_found_by_what_is_open(system: System, wanted: dict[str, Any], found: list[str]) -> None:
    """Kind, code and version; nothing restricted can be asked for."""
    first = make_report(system, reportId="a", code="E1", device={"appVersion": "1.0"})
    second = make_report(system, reportId="b", code="E2", kind="NETWORK", device={"appVersion": "2.0"})
    await send(system, first, second, role=Role.USER)
    assert [report["reportId"] for report in await read(system, Role.USER, wanted)] == found


async def test_durations_and_networks_are_told_in_quantiles(system: System) -> None:
    """Within 2 % of the exact ones, by operation and by version."""
    reports = [
        make_report(
            system,
            kind="PERFORMANCE",
            performance={"operation": "load team 77", "durationMs": float(n), "succeeded": n < 100},
            device={"appVersion": f"{n % 2}.0"},
            network={"connection": "wifi", "effectiveType": "4g", "roundTripMs": float(n), "online": True},
        )
        for n in range(1, 101)
    ]
    await send(system, *reports, role=Role.USER)
    now = system.clock().isoformat()
    query = """query ($at: DateTime!, $to: DateTime!) { errorPerformance(from: $at, to: $to) {
      operations { operation count failed p50Ms p90Ms p99Ms versions { appVersion count } }
      network { reports connections { name count } roundTripMs { count p50 } } } }"""
    told = (await system.ask(query, Role.ANALYST, at=now[:10] + "T00:00:00Z", to=now)).data["errorPerformance"]
    (operation,) = told["operations"]
    assert (operation["operation"], operation["count"], operation["failed"]) == ("load team #", 100, 1)
    assert [operation[name] for name in ("p50Ms", "p90Ms", "p99Ms")] == pytest.approx([50, 90, 99], rel=0.03)
    assert sorted(version["count"] for version in operation["versions"]) == [50, 50]
    assert told["network"]["connections"] == [{"name": "wifi", "count": 100}]
    assert told["network"]["roundTripMs"]["p50"] == pytest.approx(50, rel=0.03)


async def test_the_labels_that_analysts_read_name_no_domain(system: System) -> None:
    """Codes, operations and versions are grouped by; a domain in one of them is no part of what they name."""
    report = make_report(
        system,
        kind="SIGN_IN",
        code="open:contoso.com",
        performance={"operation": "open CONTOSO.COM/x and bob.contoso.de", "durationMs": 5.0},
        device={"appVersion": "1.2 contoso.com"},
    )
    good = make_report(
        system,
        kind="SIGN_IN",
        code="System.Net.Http.HttpRequestException",
        performance={"operation": "GET /api/teams.json via socket.io", "durationMs": 5.0},
        device={"appVersion": "1.2.3-beta.4"},
    )
    await send(system, report, good, role=Role.USER)
    query = """query ($from: DateTime!, $to: DateTime!) { signInFailures { code }
      errorPerformance(from: $from, to: $to) { operations { operation versions { appVersion } } } }"""
    now = system.clock().isoformat()
    told = await system.ask(query, Role.ANALYST, **{"from": now[:10] + "T00:00:00Z", "to": now})
    assert "contoso" not in str(told.body).lower()
    assert {failure["code"] for failure in told.data["signInFailures"]} == {None, good["code"]}
    operations = {each["operation"]: each["versions"] for each in told.data["errorPerformance"]["operations"]}
    assert operations == {
        "open [domain]/x and [domain]": [{"appVersion": "1.2 [domain]"}],
        "GET /api/teams.json via socket.io": [{"appVersion": "1.2.3-beta.4"}],
    }
    (row,) = [row for row in await read(system, Role.SUPPORT) if row["reportId"] == report["reportId"]]
    assert row["code"] == "open:[domain]"
    assert {entry["rule"] for entry in row["scrubbed"]} == {"domain"}
