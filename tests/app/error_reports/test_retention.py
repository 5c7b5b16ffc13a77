"""Reports die after 15 days: for readers at once, in the database by its own clock, in copies with their day's key."""

import asyncio
from collections.abc import AsyncIterator
from copy import deepcopy
from datetime import timedelta
from pathlib import Path

import pytest

from app.database.indexes import prepare_database
from app.database.retention import read_holdings
from app.error_reports.day_keys import day_of, open_reports
from auth.principal import Role
from tests.app.error_reports.reports import ERRORS, make_report, send
from tests.harness.mongod import start_session_mongod
from tests.harness.system import System, running_system

STATUS = """{ retentionStatus { ttlLagSeconds isLate livingDayKeys destroyedDayKeys
  holdings { category collection records oldest newest lifeDays nextExpiry lagSeconds } } }"""


@pytest.fixture(scope="module")
async def hasty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """A system whose mongod looks for expired records each second, with a life of reports of about two seconds."""
    folder: Path = tmp_path_factory.mktemp("hasty")
    with start_session_mongod(ttl_monitor_sleep_secs=1) as mongod:
        async with running_system(mongod.uri, folder, error_retention_days=2 / 86_400) as system:
            yield system


async def test_mongodb_itself_deletes_reports_and_their_groups(hasty: System) -> None:
    """The real TTL monitor ends a report's life, its group's too, and only daily counts remain."""
    database = hasty.services.database
    deletions = [{"$match": {"operationType": "delete"}}]
    async with database.watch("errors", deletions) as reports, database.watch("error_groups", deletions) as groups:
        await send(hasty, make_report(hasty), role=Role.USER)
        async with asyncio.timeout(30):
            await reports.next()
            await groups.next()
    assert await database["error_daily"].count_documents({"count": 1}) > 0


async def test_a_report_is_not_served_past_its_life_though_it_is_still_stored(system: System) -> None:
    """Readers do not depend on the TTL monitor."""
    await send(system, make_report(system), role=Role.USER)
    system.clock.move(days=15, seconds=1)
    assert (await system.ask(ERRORS, Role.SUPPORT)).data["errors"]["nodes"] == []
    assert await system.services.database["errors"].count_documents({}) == 1


async def test_a_duration_is_not_served_past_its_life_though_it_is_still_stored(system: System) -> None:
    """The names of operations and versions are details, and die with the reports; only daily counts remain."""
    performance = {"operation": "load", "durationMs": 5.0}
    await send(system, make_report(system, kind="PERFORMANCE", performance=performance), role=Role.USER)
    query = """query ($from: DateTime!, $to: DateTime!) { errorPerformance(from: $from, to: $to) {
      operations { operation count } } }"""
    at = system.clock()
    for days, shown in ((14, 1), (1, 0)):
        system.clock.move(days=days)
        span = {"from": at.isoformat(), "to": system.clock().isoformat()}
        told = (await system.ask(query, Role.ANALYST, **span)).data["errorPerformance"]
        assert len(told["operations"]) == shown
    assert await system.services.database["error_sketches"].count_documents({}) > 0


async def test_a_sign_in_failure_is_not_served_past_its_life_though_it_is_still_stored(system: System) -> None:
    """Its code is a detail of a report, and ends with the group's last report."""
    await send(system, make_report(system, kind="SIGN_IN", code="AADSTS50058"), role=Role.USER)
    query = "{ signInFailures { code count } }"
    told = (await system.ask(query, Role.ANALYST)).data["signInFailures"]
    assert told == [{"code": "AADSTS50058", "count": 1}]
    system.clock.move(days=15, seconds=1)
    assert (await system.ask(query, Role.ANALYST)).data["signInFailures"] == []
    assert await system.services.database["error_groups"].count_documents({}) > 0


async def test_a_copy_is_unreadable_when_the_key_of_its_day_is_destroyed(system: System) -> None:
    """A copy of the stored report opens while its day's key lives, and never after."""
    await send(system, make_report(system, message="only in the copy"), role=Role.USER)
    copy = await system.services.database["errors"].find({}).to_list(None)
    keys, now = system.services.errors.keys, system.clock()
    assert (await open_reports(keys, deepcopy(copy), now))[0]["message"] == "only in the copy"
    assert "message" not in (await open_reports(keys, deepcopy(copy), now + timedelta(days=17)))[0]
    await system.services.database.secrets["day_keys"].delete_many({})
    keys._known.clear()
    assert "message" not in (await open_reports(keys, copy, now))[0]


async def test_the_key_of_a_day_ends_with_the_last_report_of_that_day(system: System) -> None:
    """No report outlives its key, and no key outlives the day's last report."""
    keys, day = system.services.errors.keys, day_of(system.clock())
    assert keys.destroyed_at(day) == day + timedelta(days=16)
    index = (await system.services.database.secrets.index_information("day_keys"))["day_1"]
    assert index["expireAfterSeconds"] == 16 * 86_400


async def test_a_changed_life_changes_the_index(system: System) -> None:
    """An operator who shortens the life shortens it for what is stored already."""
    settings = system.services.settings.model_copy(update={"error_retention_days": 3})
    await prepare_database(system.services.database, settings)
    indexes = await system.services.database.index_information("errors")
    assert indexes["receivedAt_1"]["expireAfterSeconds"] == 3 * 86_400


async def test_what_is_told_of_a_life_is_what_the_database_does(system: System) -> None:
    """A shell with other settings tells the server's life; where no index ends it any more, the records become late."""
    await send(system, make_report(system), role=Role.USER)
    database, settings = system.services.database, system.services.settings
    shell = settings.model_copy(update={"error_retention_days": 3})
    later = system.clock() + timedelta(days=4)

    async def lag() -> timedelta:
        held = await read_holdings(database, shell)
        (errors,) = [holding for holding in held if holding.collection == "errors"]
        return errors.lag(later)

    assert await lag() == timedelta(0)
    await database["errors"].drop_index("receivedAt_1")
    assert timedelta(hours=23) < await lag() < timedelta(hours=25)
    await prepare_database(database, settings)


async def test_retention_status_tells_oldest_records_lag_and_destroyed_keys(system: System) -> None:
    """The privacy officer sees what is held and which days are gone for good."""
    await send(system, make_report(system), role=Role.USER)
    today = system.clock().date().isoformat()
    status = (await system.ask(STATUS, Role.PRIVACY_OFFICER)).data["retentionStatus"]
    errors = next(holding for holding in status["holdings"] if holding["collection"] == "errors")
    assert (errors["records"], errors["lifeDays"], errors["lagSeconds"]) == (1, 15, 0)
    assert (status["isLate"], status["livingDayKeys"], status["destroyedDayKeys"]) == (False, [today], [])
    await system.services.database.secrets["day_keys"].delete_many({})
    status = (await system.ask(STATUS, Role.SUPPORT_LEAD)).data["retentionStatus"]
    assert (status["livingDayKeys"], status["destroyedDayKeys"]) == ([], [today])


async def test_a_lag_of_more_than_an_hour_is_told_to_the_operator(system: System) -> None:
    """Readiness stays, with a warning that names the collection."""
    await send(system, make_report(system), role=Role.USER)
    assert (await system.client.get("/ready")).json() == {"status": "ready"}
    system.clock.move(days=15, hours=1, minutes=1)
    assert (await system.ask(STATUS, Role.PRIVACY_OFFICER)).data["retentionStatus"]["isLate"] is True
    warnings = (await system.client.get("/ready")).json()["warnings"]
    assert any(warning.startswith("errors: ") for warning in warnings)


async def test_what_expired_while_nothing_ran_is_no_warning_at_first(system: System) -> None:
    """MongoDB has its turn first: after a standstill, and after the demo data, some of which is old when it is loaded."""
    long_ago = system.clock() - timedelta(days=52)
    await system.services.database.secrets["census_secrets"].insert_one({"destroyAt": long_ago})
    assert (await system.client.get("/ready")).json() == {"status": "ready"}
    system.clock.move(minutes=4)
    assert (await system.client.get("/ready")).json() == {"status": "ready"}
    system.clock.move(minutes=2)
    (warning,) = (await system.client.get("/ready")).json()["warnings"]
    assert warning.startswith("census_secrets: ")


async def test_an_end_that_each_record_has_of_its_own_is_not_told_as_its_age(system: System) -> None:
    """A claim and a census secret say when they end, not when they began: only the next end is known."""
    ends = system.clock() + timedelta(days=9)
    await system.services.database.secrets["census_secrets"].insert_one({"destroyAt": ends})
    status = (await system.ask(STATUS, Role.PRIVACY_OFFICER)).data["retentionStatus"]
    secrets = next(holding for holding in status["holdings"] if holding["collection"] == "census_secrets")
    assert (secrets["oldest"], secrets["newest"], secrets["lifeDays"], secrets["lagSeconds"]) == (None, None, None, 0)
    assert secrets["nextExpiry"][:19] == ends.isoformat()[:19]


@pytest.mark.parametrize("role", [Role.USER, Role.COMPANY_ADMIN, Role.SUPPORT, Role.ANALYST, Role.INGEST])
async def test_retention_status_is_for_lead_and_officer_only(system: System, role: Role) -> None:
    """Others have no use for it."""
    assert (await system.ask(STATUS, role)).codes == ["FORBIDDEN"]
