"""Refolding makes everything equal the recount, from whatever state, while events arrive."""

import asyncio
import os
import random
import subprocess
import sys
from datetime import timedelta

from app.practices import CURRENT_VERSION
from app.usage.folding import day_of
from app.usage.model import read_event
from app.usage.recording import LANES, Recorder
from app.usage.refolding import BATCH_EVENTS, Refolded, refold
from auth.principal import Role
from graphql_schema.scalars import read_moment
from tests.harness.live import ROOT
from tests.harness.recount import check_recount
from tests.harness.system import System
from tests.harness.usage import Item, created, new_id, send, step, stories


async def settle(system: System) -> None:
    """Return once the anonymous counts hold everything."""
    async with asyncio.timeout(10):
        while await system.services.database["usage_marks"].find_one({}):  # noqa: ASYNC110 - done in the background
            await asyncio.sleep(0.05)


def some_events(system: System, number: int, seed: int) -> list[Item]:
    """Events of the last days, some of them of now."""
    source, now = random.Random(seed), system.clock()  # noqa: S311 - chance for a test
    return stories(source, number, now - timedelta(days=3), now)


async def refold_all(system: System) -> Refolded:
    """Refold everything."""
    since = day_of(system.clock()) - timedelta(days=390)
    return await refold(system.services.database, since, lambda _: None, nothing_expired=True)


async def spoil(system: System) -> None:
    """Lose, change and invent counts of the last days."""
    database, recent = system.services.database, {"$gte": system.clock() - timedelta(days=5)}
    await database["usage_buckets"].delete_many({"kind": "TEMPLATE", "day": recent})
    invented = {"$inc": {"counts.REQUEST_CREATED": 3}}
    await database["usage_buckets"].update_many({"kind": "COUNTS", "day": recent}, invented)


async def test_refolding_mends_what_differs_and_nothing_else(system: System) -> None:
    """After losing, changing and inventing, all is as counted; a second time finds nothing to do."""
    for seed in range(2):
        await send(system, some_events(system, 80, seed), system.token(Role.COMPANY_ADMIN, new_id(), new_id()))
    assert (await refold_all(system)).days_mended == 0
    await spoil(system)
    mended = await refold_all(system)
    assert mended.days_mended >= 6
    await settle(system)
    await check_recount(system.services.database)
    assert (await refold_all(system)).days_mended == 0


async def test_counts_of_several_writers_are_no_difference(system: System) -> None:
    """Workers that meet count in documents of their own; together they are the recount."""
    database, company, now = system.services.database, new_id(), system.clock()
    for slot in (0, 5, 9):
        recorder = Recorder(database, _writers=[slot] * LANES)
        items = [created(now, new_id()), step("requestApproved", now, new_id())]
        stamp = {"companyId": company, "receivedAt": now, "practicesVersion": CURRENT_VERSION}
        await recorder.record([{**read_event(read_item(item), now), **stamp} for item in items])
    assert await database["usage_buckets"].count_documents({"companyId": company, "kind": "COUNTS"}) == 3
    assert (await refold_all(system)).days_mended == 0
    await check_recount(database)


def read_item(item: Item) -> Item:
    """Return an item as the schema hands it on."""
    return {kind: {**body, "occurredAt": read_moment(body["occurredAt"])} for kind, body in item.items()}


async def test_refolding_counts_a_wait_once_however_many_events_end_it(system: System) -> None:
    """Each request is approved twice at the one moment of all, in more events than a batch of the refolding takes."""
    now, requests = system.clock(), [new_id() for _ in range(BATCH_EVENTS // 2 + 50)]
    items = [created(now - timedelta(hours=2), request) for request in requests]
    items += [step("requestApproved", now - timedelta(hours=1), request) for _ in range(2) for request in requests]
    items += [step("requestApproved", now - timedelta(minutes=5), request) for request in requests[:50]]
    await send(system, items, system.token(Role.COMPANY_ADMIN), batch=500)
    assert (await refold_all(system)).days_mended == 0
    await spoil(system)
    await refold_all(system)
    await settle(system)
    await check_recount(system.services.database)


async def test_refolding_while_events_arrive_loses_none(system: System) -> None:
    """One refolding of spoiled data, with writers at work on the same company and days all the while."""
    token = system.token(Role.COMPANY_ADMIN)
    await send(system, some_events(system, 200, 1), token)
    for round_number in range(3):
        await spoil(system)
        seeds = range(10 * round_number, 10 * round_number + 3)
        batches = [some_events(system, 40, seed) for seed in seeds]
        async with asyncio.TaskGroup() as group:
            for items in batches:
                group.create_task(send(system, items, token, batch=10))
            group.create_task(refold_all(system))
        await settle(system)
        await check_recount(system.services.database)


async def test_the_command_checks_and_mends(system: System) -> None:
    """`scripts/refold --check` ends with 1 where anything differs, `scripts/refold` mends it, anonymous counts too."""
    system.clock.move(days=-40)  # so that the days of all that comes later are whole
    await send(system, [created(system.clock(), new_id())], system.token(Role.COMPANY_ADMIN, new_id(), new_id()))
    system.clock.move(days=40)
    for _ in range(5):
        await send(system, some_events(system, 20, 1), system.token(Role.COMPANY_ADMIN, new_id(), new_id()))
    await settle(system)
    await spoil(system)
    await system.services.database["anonymous_usage"].update_many({}, {"$set": {"hidden": True}})
    found = [await run(system, *options) for options in (("--check",), (), ("--check",))]
    assert found == [1, 0, 0]
    await check_recount(system.services.database)


async def run(system: System, *options: str) -> int:
    """Run the command on the test's database; returns its exit code."""
    settings = system.services.settings
    environment = {
        **os.environ,
        "MONGODB_URI": settings.mongodb_uri.get_secret_value(),
        "MONGODB_DATABASE": settings.mongodb_database,
        "DATA_DIR": str(settings.data_dir),
    }
    command = [sys.executable, "-m", "scripts.commands.refold", *options]
    done = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, env=environment, check=False)
    return done.returncode
