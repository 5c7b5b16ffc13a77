"""Three real mongods, the primary killed under load: what was answered stays, callers are told, and it heals by itself."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from auth.principal import Role
from tests.harness.people import AUTHENTICATED, PERSON, open_and_take, save_people
from tests.harness.recount import check_recount
from tests.harness.replica_set import running_replica_set
from tests.harness.system import Reply, System, running_system
from tests.harness.usage import RECORD, Item, new_id, stories

LOOK = "query($id: ID!) { user(id: $id) { profile { ... on AuthenticatedProfile { name } } } }"
VERIFY = "{ verifyReceipts(fromSequence: 1, toSequence: 100000) { ok checked } }"
WRITERS, STORIES, BATCH = 3, 800, 50
TOLD = {"UNAVAILABLE"}  # all that a caller may hear of it


async def write(system: System, batches: Sequence[Sequence[Item]], heard: Counter[str], company: str) -> None:
    """Send each batch until it is answered."""
    token = system.token(Role.COMPANY_ADMIN, new_id(), company)
    for batch in batches:
        while True:
            reply = await system.ask(RECORD, token=token, events=list(batch))
            heard.update(reply.codes)
            if not reply.errors:
                result = reply.data["recordEvents"]
                assert result["accepted"] + result["duplicates"] == len(batch)
                break
            await asyncio.sleep(0.05)  # what a client's Retry-After says, shorter


async def look(system: System, heard: Counter[str], looks: list[Reply], is_done: asyncio.Event) -> None:
    """Open a restricted field again and again."""
    while not is_done.is_set():
        reply = await system.ask(LOOK, Role.SUPPORT, id=PERSON)
        heard.update(reply.codes)
        looks.append(reply)
        await asyncio.sleep(0.02)


async def test_a_killed_primary_loses_nothing_that_was_answered(tmp_path: Path, data_folder: Path) -> None:
    """Events counted once, buckets as recounted, no disclosure without its receipt, the chain whole."""
    with running_replica_set(tmp_path) as replica_set:
        async with running_system(replica_set.uri, data_folder) as system:
            await save_people(system)
            await open_and_take(system)
            source, now = random.Random(7), system.clock()  # noqa: S311 - chance for a test
            heard: Counter[str] = Counter()
            looks: list[Reply] = []
            is_done = asyncio.Event()
            sent = [stories(source, STORIES, now - timedelta(days=2), now) for _ in range(WRITERS)]
            total = sum(map(len, sent))
            events = system.services.database["events"]
            looking = asyncio.create_task(look(system, heard, looks, is_done))
            async with asyncio.TaskGroup() as group:
                for items in sent:
                    batches = [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
                    group.create_task(write(system, batches, heard, new_id()))
                while await events.count_documents({}) < total // 5:  # noqa: ASYNC110 - told by nobody
                    await asyncio.sleep(0.02)
                killed = await asyncio.to_thread(replica_set.kill_primary)
                looks_before, kept = len(looks), await events.count_documents({})
            is_done.set()
            await looking
            assert set(heard) <= TOLD  # often nothing: what may be sent again is, while the others elect
            assert kept < total  # much was still to come
            assert replica_set.primary() != killed
            assert len(looks) > looks_before
            assert await events.count_documents({}) == total
            await check_recount(system.services.database)
            opened = [reply for reply in looks if not reply.errors]
            assert {reply.data["user"]["profile"]["name"] for reply in opened} == {AUTHENTICATED["name"]}
            granted = {"granted": True, "fields": "AuthenticatedProfile.name"}
            assert await system.services.database["access_receipts"].count_documents(granted) >= len(opened)
            verified = (await system.ask(VERIFY, Role.PRIVACY_OFFICER)).data["verifyReceipts"]
            assert verified["ok"]
            assert verified["checked"] >= len(opened)
