"""Events of one request that come by several writers at once see each other, and outlive what was told before them."""

import asyncio
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.database.embedded import EmbeddedMongod
from app.database.indexes import prepare_database
from app.usage.folding import Additions, day_of
from app.usage.model import EventName, request_key
from app.usage.numbering import ORDINAL_MAX, number_events, read_numbered
from app.usage.recording import Outcome, Recorder
from app.usage.refolding import Refolded, refold
from app.usage.store import REQUESTS_AT_ONCE, find_own_requests
from app.usage.timeline import NEWEST, times_of, waits_of
from auth.development import DEMO_COMPANY_IDS
from auth.principal import Role
from tests.harness.recount import check_recount
from tests.harness.system import System, running_system
from tests.harness.usage import created, new_id, send, step

COMPANY = DEMO_COMPANY_IDS[0]
REQUEST = "query($id: UUID!) { request(requestId: $id) { status createdAt approvedAt anomalies timeline { name } } }"
STEPS = (EventName.REQUEST_CREATED, EventName.REQUEST_APPROVED, EventName.REQUEST_PROCESSED)


def event(name: EventName, request_id: str, at: datetime, now: datetime) -> dict[str, Any]:
    """An event as the recorder is given it."""
    named = {"templateId": "T", "templateName": "T", "teamName": "T", "additionalMembers": 0, "additionalOwners": 0}
    stamp = {"companyId": COMPANY, "receivedAt": now, "practicesVersion": "1"}
    about = {"eventId": new_id(), "name": name.value, "occurredAt": at, "requestId": request_id}
    return {**stamp, **about, **(named if name is EventName.REQUEST_CREATED else {})}


async def settle(system: System) -> None:
    """Return once the anonymous counts hold everything."""
    async with asyncio.timeout(10):
        while await system.services.database["usage_marks"].find_one({}):  # noqa: ASYNC110 - done in the background
            await asyncio.sleep(0.05)


async def refold_all(system: System) -> Refolded:
    """Refold everything."""
    since = day_of(system.clock()) - timedelta(days=390)
    return await refold(system.services.database, since, lambda _: None, nothing_expired=True)


async def test_three_writers_that_tell_of_the_same_requests_at_once_count_each_wait_once(system: System) -> None:
    """One worker sends the creations, one the approvals, one the processings, all of them in batches that meet."""
    now, source = system.clock(), random.Random(3)  # noqa: S311 - chance for a test
    requests = [new_id() for _ in range(60)]
    database = system.services.database

    async def tell(worker: Recorder, name: EventName, later: timedelta) -> None:
        mine = source.sample(requests, len(requests))
        for start in range(0, len(mine), 6):
            batch = [event(name, request, now - timedelta(hours=5) + later, now) for request in mine[start : start + 6]]
            assert await worker.record(batch) == [Outcome.ACCEPTED] * len(batch)

    for _ in range(3):  # again and again for the same requests: what was counted moves
        steps = zip(STEPS, (timedelta(0), timedelta(hours=1), timedelta(hours=3)), strict=True)
        await asyncio.gather(*(tell(Recorder(database), name, later) for name, later in steps))
        now -= timedelta(minutes=20)
    await settle(system)
    await check_recount(database)
    numbered = await read_numbered(database, {request_key(COMPANY, request): COMPANY for request in requests})
    assert len(numbered) == len(requests)
    assert all(sorted(each["ordinal"] for each in told) == list(range(1, 10)) for told in numbered.values())


async def test_what_was_told_before_outlives_the_event_that_told_it(system: System) -> None:
    """The creation's 13 months are over first: the request keeps its time, and refolding keeps the wait."""
    now, request, token = system.clock(), new_id(), system.token(Role.COMPANY_ADMIN)
    await send(system, [created(now - timedelta(hours=3), request)], token)
    await send(system, [step("requestApproved", now - timedelta(hours=1), request)], token)
    before = (await system.ask(REQUEST, token=token, id=request)).data["request"]
    await system.services.database["events"].delete_many({"name": "REQUEST_CREATED"})
    after = (await system.ask(REQUEST, token=token, id=request)).data["request"]
    assert len(after.pop("timeline")) == len(before.pop("timeline")) - 1 == 1
    assert after == before
    assert (after["status"], after["anomalies"]) == ("APPROVED", [])
    await refold_all(system)
    buckets = await system.services.database["usage_buckets"].find({"kind": "COUNTS"}).to_list(None)
    assert sum(number for bucket in buckets for number in bucket.get("ranges", {}).get("approval", {}).values()) == 1


async def test_nobody_inherits_a_request_whose_creation_has_expired(system: System) -> None:
    """A colleague who told of a creation too waits in vain for the first one's 13 months to be over."""
    now, request = system.clock(), new_id()
    colleague = new_id()
    token = system.token(Role.USER, colleague, COMPANY)
    await send(system, [created(now - timedelta(hours=3), request)], system.token(Role.USER))
    first = await system.services.database["events"].find_one({}, {"_id": 1})
    await send(system, [created(now - timedelta(hours=4), request)], token)
    await system.services.database["events"].delete_one(first)
    assert (await system.ask(REQUEST, token=token, id=request)).codes == ["NOT_FOUND"]
    assert await find_own_requests(system.services.database, COMPANY, colleague, 10) == {}
    assert (await system.ask(REQUEST, Role.COMPANY_ADMIN, id=request)).data["request"]["status"] == "CREATED"


@pytest.mark.parametrize("kind", ["requestRejected", "requestError"])
async def test_nor_one_whose_rejection_or_failure_lives_on(system: System, kind: str) -> None:
    """The creation that comes after the first one's end was told of it; the request keeps its times."""
    now, request, colleague = system.clock(), new_id(), system.token(Role.USER, new_id(), COMPANY)
    await send(system, [created(now - timedelta(hours=3), request)], system.token(Role.USER))
    await send(system, [step(kind, now - timedelta(hours=2), request)], system.token(Role.USER))
    await system.services.database["events"].delete_many({"name": "REQUEST_CREATED"})
    shown = (await system.ask(REQUEST, Role.COMPANY_ADMIN, id=request)).data["request"]
    assert (shown["anomalies"], shown["createdAt"] is None) == ([], False)
    await send(system, [created(now - timedelta(hours=1), request)], colleague)
    assert (await system.ask(REQUEST, token=colleague, id=request)).codes == ["NOT_FOUND"]


async def test_more_requests_of_one_person_than_are_read_at_once_are_all_found(system: System) -> None:
    """Each with its times, among a colleague's."""
    now, database = system.clock(), system.services.database
    mine = [new_id() for _ in range(REQUESTS_AT_ONCE + 50)]
    token = system.token(Role.USER)
    await send(system, [created(now - timedelta(hours=2), request) for request in mine], token, batch=500)
    await send(system, [created(now, new_id())], system.token(Role.USER, new_id(), COMPANY))
    await send(system, [step("requestApproved", now - timedelta(hours=1), mine[-1])], token)
    person = (await database["events"].find_one({"requestId": mine[0]}))["userId"]
    own = await find_own_requests(database, COMPANY, person, len(mine) * 2)
    assert sorted(own) == sorted(mine)
    assert [request for request, times in own.items() if "approvedAt" in times] == mine[-1:]


async def test_a_request_told_of_without_end_makes_no_event_dearer(system: System) -> None:
    """Only the first are read again, and the first of each kind; what comes beyond is stored, counted and shown."""
    now, request, token = system.clock(), new_id(), system.token(Role.USER)
    items = [step("requestApproved", now - timedelta(minutes=number), request) for number in range(50)]
    items += [created(now - timedelta(hours=number), request) for number in (2, 3)]
    await send(system, items, token, batch=7)
    key = request_key(COMPANY, request)
    told = (await read_numbered(system.services.database, {key: COMPANY}))[key]
    assert [each["ordinal"] for each in told] == [*range(1, ORDINAL_MAX + 2), NEWEST]
    assert len((await system.ask(REQUEST, token=token, id=request)).data["request"]["timeline"]) == len(items)
    assert (await refold_all(system)).days_mended == 0
    assert waits_of(times_of(told))


@pytest.mark.parametrize("batch", [1, 30])
async def test_what_was_told_outlives_all_numbered_events_too(system: System, batch: int) -> None:
    """They expire before the newest, which keeps request, creator and waits; a colleague inherits nothing."""
    now, request, colleague = system.clock(), new_id(), system.token(Role.USER, new_id(), COMPANY)
    token, database = system.token(Role.USER), system.services.database
    await send(system, [created(now - timedelta(hours=3), request)], token)
    failures = [step("requestError", now - timedelta(minutes=number), request) for number in range(ORDINAL_MAX + 5)]
    await send(system, failures, token, batch=batch)
    before = (await system.ask(REQUEST, Role.COMPANY_ADMIN, id=request)).data["request"]
    await database["events"].delete_many({"ordinal": {"$gt": 0, "$lt": NEWEST}})
    shown = (await system.ask(REQUEST, Role.COMPANY_ADMIN, id=request)).data["request"]
    assert (shown["status"], shown["createdAt"]) == (before["status"], before["createdAt"])
    await send(system, [created(now - timedelta(hours=1), request)], colleague)
    await send(system, [step("requestApproved", now - timedelta(minutes=30), request)], colleague)
    assert (await system.ask(REQUEST, token=colleague, id=request)).codes == ["NOT_FOUND"]
    await refold_all(system)  # for the events that this test has taken away
    assert (await refold_all(system)).days_mended == 0
    buckets = await database["usage_buckets"].find({"kind": "COUNTS"}).to_list(None)
    assert sum(number for bucket in buckets for number in bucket.get("ranges", {}).get("approval", {}).values()) == 1


async def test_what_was_erased_between_two_runs_is_not_told(system: System) -> None:
    """A transaction that runs again reads again, and forgets what its first run had read."""
    database, now, request = system.services.database, system.clock(), new_id()
    await send(system, [created(now - timedelta(hours=2), request)], system.token(Role.COMPANY_ADMIN))
    late = [{**event(EventName.REQUEST_APPROVED, request, now, now), "_id": "x"}]
    await number_events(database, late, Additions(), None)
    assert (late[0]["ordinal"], list(late[0]["told"])) == (2, ["createdAt"])
    await database["events"].delete_many({})
    additions = Additions()
    await number_events(database, late, additions, None)
    assert (late[0]["ordinal"], "told" in late[0], dict(additions.waits)) == (1, False, {})


async def test_events_of_before_the_numbers_are_numbered_by_refolding(system: System) -> None:
    """As an earlier version left them: without numbers, under another index, beside a collection of requests."""
    now, requests, token = system.clock(), [new_id() for _ in range(30)], system.token(Role.COMPANY_ADMIN)
    for kind in ("requestApproved", "requestError"):
        await send(system, [step(kind, now - timedelta(hours=1), request) for request in requests], token)
    await send(system, [created(now - timedelta(hours=2), request) for request in requests], token)
    database = system.services.database
    await database["events"].update_many({}, {"$unset": {"ordinal": "", "told": "", "requestKey": ""}})
    await database["events"].create_index([("companyId", 1), ("requestId", 1)])
    await database["requests"].insert_one({"userIds": ["erased"]})
    await prepare_database(database, system.services.settings)
    assert "requests" not in await database.raw.list_collection_names()
    assert "companyId_1_requestId_1" not in await database.index_information("events")
    assert (await system.ask(REQUEST, token=token, id=requests[0])).codes == ["NOT_FOUND"]
    assert sum(done.numbered for done in await asyncio.gather(refold_all(system), refold_all(system))) == 90
    await settle(system)
    await check_recount(database)
    assert (await refold_all(system)).numbered == 0
    await database["events"].delete_many({"name": "REQUEST_APPROVED"})  # received first, and so expired first
    shown = [(await system.ask(REQUEST, token=token, id=request)).data["request"] for request in requests]
    assert all(each["approvedAt"] for each in shown)


async def test_where_the_role_suffices_a_request_is_found_among_all_companies(
    mongod: EmbeddedMongod, data_folder: Path
) -> None:
    """`SUPPORT_ACCESS=role`: an agent need not name the company; a user of another one finds nothing."""
    async with running_system(mongod.uri, data_folder, support_access="role") as system:
        request = new_id()
        await send(system, [step("requestRejected", system.clock(), request)], system.token(Role.COMPANY_ADMIN))
        for _ in range(3):
            stranger = system.token(Role.COMPANY_ADMIN, new_id(), new_id())
            await send(system, [created(system.clock(), new_id())], stranger)
        shown = (await system.ask(REQUEST, Role.SUPPORT, id=request)).data["request"]
        assert (shown["status"], shown["anomalies"]) == ("REJECTED", ["NEVER_CREATED"])
        assert (await system.ask(REQUEST, token=stranger, id=request)).codes == ["NOT_FOUND"]


MOMENT = datetime.fromisoformat("2026-05-04T12:00Z")
TOLD = some.lists(some.tuples(some.sampled_from(STEPS), some.integers(0, 9)), max_size=12).map(
    lambda told: [{"name": name, "occurredAt": MOMENT + timedelta(minutes=minutes)} for name, minutes in told]
)


@given(TOLD, some.integers(0, 12))
def test_times_are_the_same_however_the_events_are_divided(events: list[dict[str, Any]], place: int) -> None:
    """All at once, in two parts, or the later part alone with what was told before it."""
    before = times_of(events[:place])
    later = [{**each, "told": before} for each in events[place:]]
    assert times_of(events[place:], before) == times_of(events)
    if later:
        assert times_of(later) == times_of(events)
