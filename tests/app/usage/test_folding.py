"""Requests and buckets follow from events in whatever order and number they come."""

import asyncio
import random
from datetime import timedelta

from auth.development import DEMO_COMPANY_IDS
from auth.principal import Role
from tests.harness.recount import check_recount
from tests.harness.system import System
from tests.harness.usage import accepted, created, new_id, send, step, stories

REQUEST = """query($id: UUID!) { request(requestId: $id) {
  status createdAt approvedAt rejectedAt processedAt failedAt anomalies timeline { name } } }"""


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
    """The same id in another company is another request; a user sees only those that they had a part in."""
    now, request = system.clock(), new_id()
    await send(system, [created(now, request)], system.token(Role.USER))
    other = system.token(Role.COMPANY_ADMIN, new_id(), new_id())
    assert (await system.ask(REQUEST, token=other, id=request)).codes == ["NOT_FOUND"]
    colleague = system.token(Role.USER, new_id(), DEMO_COMPANY_IDS[0])
    assert (await system.ask(REQUEST, token=colleague, id=request)).codes == ["NOT_FOUND"]
    assert (await system.ask(REQUEST, Role.COMPANY_ADMIN, id=request)).data["request"]["status"] == "CREATED"
    assert (await system.ask(REQUEST, Role.USER, id=request)).data["request"]["status"] == "CREATED"
