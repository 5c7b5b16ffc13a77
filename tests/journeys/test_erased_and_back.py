"""A company that comes back after its erasure is a new one: a replay takes what is older, and nothing of the new."""

import asyncio

from app.clock import utc_now
from app.subject_rights.erasing import read_erasures
from auth.principal import Role
from scripts.commands.replay_erasures import replay_all
from tests.harness.people import COMPANY
from tests.harness.recount import check_recount
from tests.harness.system import System
from tests.harness.usage import Item, created, new_id, send, step

ERASE_COMPANY = "mutation($id: ID!) { eraseCompany(id: $id) { erasedAt } }"


async def replay(system: System) -> int:
    """Replay the whole list; returns how much went."""
    return await replay_all(system.services, await read_erasures(system.services.database), utc_now())


def some_events(system: System, number: int) -> list[Item]:
    """Give requests that are created and approved now."""
    requests = [new_id() for _ in range(number)]
    now = system.clock()
    return [item for request in requests for item in (created(now, request), step("requestApproved", now, request))]


async def erase(system: System) -> None:
    """Erase the company, and let a moment pass for all that comes after."""
    assert (await system.ask(ERASE_COMPANY, Role.PRIVACY_OFFICER, id=COMPANY)).errors == []
    system.clock.move(seconds=1)


async def test_usage_of_the_same_day_survives_a_replay(system: System) -> None:
    """Erased and back within a day: events and buckets stay as they are, and nothing is receipted."""
    token, database = system.token(Role.COMPANY_ADMIN), system.services.database
    await send(system, some_events(system, 5), token)
    await erase(system)
    await send(system, some_events(system, 7), token)
    receipts = await database["access_receipts"].count_documents({})
    assert await replay(system) == 0
    assert await database["events"].count_documents({"companyId": COMPANY}) == 14
    await check_recount(database)
    assert await database["access_receipts"].count_documents({}) == receipts


async def test_usage_that_a_restore_brings_back_leaves_what_came_since(system: System) -> None:
    """The same day holds both: events and numbers of before go, those of after stay."""
    token, database = system.token(Role.COMPANY_ADMIN), system.services.database
    await send(system, some_events(system, 5), token)
    backup = {name: await database[name].find({}).to_list(None) for name in ("events", "usage_buckets")}
    await erase(system)
    await send(system, some_events(system, 7), token)
    await database["events"].insert_many(backup["events"])
    await database["usage_buckets"].insert_many([{**row, "writer": 99} for row in backup["usage_buckets"]])
    assert await replay(system) > 0
    assert await database["events"].count_documents({"companyId": COMPANY}) == 14
    await check_recount(database)
    assert await replay(system) == 0


async def test_a_replay_while_events_arrive_loses_none(system: System) -> None:
    """Recorders write to the very day that is counted anew."""
    token, database = system.token(Role.COMPANY_ADMIN), system.services.database
    await send(system, some_events(system, 50), token)
    backup = {name: await database[name].find({}).to_list(None) for name in ("events", "usage_buckets")}
    await erase(system)
    for slot in range(3):
        await database["events"].insert_many(backup["events"])
        await database["usage_buckets"].insert_many([{**row, "writer": 99 + slot} for row in backup["usage_buckets"]])
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(send(system, some_events(system, 30), token, batch=5))
            group.create_task(replay(system))
        await check_recount(database)
