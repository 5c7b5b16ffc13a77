"""Requests and buckets follow from events in whatever order and number they come."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from app.usage.timeline import creators_of
from auth.development import DEMO_COMPANY_IDS
from auth.principal import Role
from tests.harness.recount import check_recount
from tests.harness.system import System
from tests.harness.usage import accepted, created, new_id, send, step, stories

REQUEST = """query($id: UUID!) { request(requestId: $id) {
  status createdAt approvedAt rejectedAt processedAt failedAt anomalies timeline { name } } }"""

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
OWN_EVENTS = """query($from: DateTime!, $to: DateTime!) {
  usageDashboard(from: $from, to: $to, interval: DAY, timeZone: "UTC") { totals { requestsCreated requestsApproved
    requestsRejected requestsProcessed requestErrors } } }"""


async def settle(system: System) -> None:
    """Return once the anonymous counts hold everything."""
    async with asyncio.timeout(10):
        while await system.services.database["usage_marks"].find_one({}):  # noqa: ASYNC110 - done in the background
            await asyncio.sleep(0.05)


async def test_an_approval_that_arrives_before_its_creation_is_right_in_the_end(system: System) -> None:
    """What arrives late moves the wait to where it belongs; 30 days late counts too."""
    token, request, now = system.token(Role.COMPANY_ADMIN), new_id(), system.clock()
    await send(system, [step("requestApproved", now - timedelta(hours=1), request)], token)
    early = await system.ask(REQUEST, token=token, id=request)
    assert early.data["request"]["anomalies"] == ["NEVER_CREATED"]
    await send(system, [created(now - timedelta(days=29), request)], token)
    await send(system, [step("requestApproved", now - timedelta(days=30), request)], token)
    await send(system, [created(now - timedelta(days=30, hours=5), request)], token)
    shown = (await system.ask(REQUEST, token=token, id=request)).data["request"]
    assert (shown["status"], shown["anomalies"], len(shown["timeline"])) == ("APPROVED", [], 4)
    await settle(system)
    await check_recount(system.services.database)


@pytest.mark.parametrize("seed", range(5))
async def test_steps_of_the_same_moment_stand_in_the_order_of_a_request_s_life(system: System, seed: int) -> None:
    """Clients whose clocks tell seconds send such, in any order."""
    token, request, now = system.token(Role.COMPANY_ADMIN), new_id(), system.clock()
    names = ("requestApproved", "requestRejected", "requestProcessed", "requestError")
    items = [created(now, request), *(step(name, now, request) for name in names)]
    random.Random(seed).shuffle(items)  # noqa: S311 - chance for a test
    await send(system, items, token)
    timeline = (await system.ask(REQUEST, token=token, id=request)).data["request"]["timeline"]
    told = [event["name"] for event in timeline]
    assert told == ["REQUEST_CREATED", "REQUEST_APPROVED", "REQUEST_REJECTED", "REQUEST_PROCESSED", "REQUEST_ERROR"]


async def test_impossible_orders_are_shown(system: System) -> None:
    """Processed but never approved, approved and rejected, decided before it was created."""
    token, now = system.token(Role.COMPANY_ADMIN), system.clock()
    first, second = new_id(), new_id()
    await send(system, [created(now, first), step("requestProcessed", now, first)], token)
    items = [step("requestRejected", now - timedelta(hours=3), second), step("requestApproved", now, second)]
    await send(system, [*items, created(now - timedelta(hours=2), second)], token)
    shown = [(await system.ask(REQUEST, token=token, id=request)).data["request"] for request in (first, second)]
    assert [one["anomalies"] for one in shown] == [
        ["PROCESSED_NEVER_APPROVED"],
        ["DECIDED_BEFORE_CREATED", "APPROVED_AND_REJECTED"],
    ]
    assert [one["status"] for one in shown] == ["PROCESSED", "APPROVED"]


async def test_many_writers_with_repeats_count_each_event_once(system: System) -> None:
    """Callers whose batches overlap are merged, and each is told of its own events."""
    now, tokens = system.clock(), [system.token(Role.COMPANY_ADMIN, new_id(), new_id()) for _ in range(6)]
    source = random.Random(7)  # noqa: S311 - chance for a test
    sent, taken = 0, 0
    for token in tokens:
        items = stories(source, 60, now - timedelta(days=2), now)
        copies = [source.sample(items, len(items)) for _ in range(4)]
        replies = await asyncio.gather(*(send(system, copy + copy[:9], token) for copy in copies))
        taken += sum(accepted(reply) for reply in replies)
        sent += len(items)
    assert taken == sent == await system.services.database["events"].count_documents({})
    await settle(system)
    await check_recount(system.services.database)


async def test_another_companys_request_answers_like_none(system: System) -> None:
    """The same id in another company is another request; a user sees only those that they created."""
    now, request = system.clock(), new_id()
    await send(system, [created(now, request)], system.token(Role.USER))
    other = system.token(Role.COMPANY_ADMIN, new_id(), new_id())
    assert (await system.ask(REQUEST, token=other, id=request)).codes == ["NOT_FOUND"]
    colleague = system.token(Role.USER, new_id(), DEMO_COMPANY_IDS[0])
    assert (await system.ask(REQUEST, token=colleague, id=request)).codes == ["NOT_FOUND"]
    assert (await system.ask(REQUEST, Role.COMPANY_ADMIN, id=request)).data["request"]["status"] == "CREATED"
    assert (await system.ask(REQUEST, Role.USER, id=request)).data["request"]["status"] == "CREATED"


JOINED = ("requestApproved", "requestRejected", "requestProcessed", "requestError", "requestCreated")


@pytest.mark.parametrize("kind", JOINED)
async def test_nobody_joins_a_colleagues_request_by_an_event_for_it(system: System, kind: str) -> None:
    """Backdated, and another creation too: the sender sees their own event, and neither request nor dashboard of it."""
    now, request = system.clock() - timedelta(hours=1), new_id()
    await send(system, [created(now, request, teamName="Secret merger")], system.token(Role.USER))
    intruder = system.token(Role.USER, new_id(), DEMO_COMPANY_IDS[0])
    back = now - timedelta(days=2)
    event = created(back, request) if kind == "requestCreated" else step(kind, back, request)
    await send(system, [event], intruder)
    assert (await system.ask(REQUEST, token=intruder, id=request)).codes == ["NOT_FOUND"]
    seen = (await system.ask("{ events(first: 9) { nodes { eventId } } }", token=intruder)).data["events"]["nodes"]
    assert [row["eventId"] for row in seen] == [event[kind]["eventId"]]
    span: dict[str, Any] = {"from": (now - timedelta(days=9)).isoformat(), "to": now.isoformat()}
    shown = (await system.ask(OWN_EVENTS, token=intruder, **span)).data["usageDashboard"]["totals"]
    assert sum(shown.values()) == 1
    assert (await system.ask(REQUEST, Role.USER, id=request)).data["request"]["timeline"]
    await settle(system)
    await check_recount(system.services.database)


async def test_a_request_that_nobody_created_is_nobodys(system: System) -> None:
    """Its events are their senders'; once its creation arrives it is the creator's, though others came first."""
    now, request = system.clock(), new_id()
    colleague = system.token(Role.USER, new_id(), DEMO_COMPANY_IDS[0])
    await send(system, [step("requestApproved", now, request)], colleague)
    assert (await system.ask(REQUEST, token=colleague, id=request)).codes == ["NOT_FOUND"]
    await send(system, [created(now - timedelta(hours=1), request)], system.token(Role.USER))
    assert (await system.ask(REQUEST, token=colleague, id=request)).codes == ["NOT_FOUND"]
    assert len((await system.ask(REQUEST, Role.USER, id=request)).data["request"]["timeline"]) == 2


def test_the_creator_follows_from_the_set_of_events_alone() -> None:
    """In each order they are the same: those whose creation was received first."""
    request = {"companyId": "C", "requestId": "R", "occurredAt": NOON}
    told = [("REQUEST_APPROVED", 0, "x"), ("REQUEST_CREATED", 2, "b"), ("REQUEST_CREATED", 1, "a")]
    told += [("REQUEST_CREATED", 1, "c"), ("REQUEST_ERROR", 3, "y")]
    events = [
        {**request, "name": name, "receivedAt": NOON + timedelta(seconds=seconds), "userId": user}
        for name, seconds, user in told
    ]
    for order in permutations(events):
        assert creators_of(order) == ["a", "c"]


def test_a_creation_without_a_person_leaves_the_request_without_one() -> None:
    """What a service sent for the company, or an erased person, is not the next one's who sends a creation."""
    request = {"companyId": "C", "requestId": "R", "occurredAt": NOON, "name": "REQUEST_CREATED"}
    later = {**request, "receivedAt": NOON + timedelta(seconds=1), "userId": "x"}
    assert creators_of([later, {**request, "receivedAt": NOON}]) == []
