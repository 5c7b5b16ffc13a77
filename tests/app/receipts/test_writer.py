"""Appending: one order without gap or fork, few writes, and nothing half done."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.clock import utc_now
from app.database.client import Database
from app.database.clock_watch import ClockWatch
from app.database.embedded import EmbeddedMongod
from app.errors import AppError, ErrorCode
from app.receipts import store
from app.receipts.model import Receipt, ReceiptDraft, end_of
from app.receipts.store import read_head
from app.receipts.writer import ReceiptWriter
from tests.app.receipts.drafts import draft


async def sequences(database: Database) -> list[int]:
    """Return the stored sequences in order."""
    return [receipt["sequence"] async for receipt in store.stream_receipts(database, 1, 10_000)]


async def test_appended_receipts_are_stored_in_their_order(database: Database, writer: ReceiptWriter) -> None:
    """`append` returns what it stored, in the order of the drafts."""
    written = await writer.append([draft(subject_id="A"), draft(subject_id="B")])
    assert [receipt["subjectId"] for receipt in written] == ["A", "B"]
    assert await sequences(database) == [1, 2]
    assert await writer.append([]) == []


@pytest.mark.parametrize("days", [365, -365])
async def test_a_host_whose_clock_is_wrong_writes_no_receipt(database: Database, days: int) -> None:
    """Its time would be that of all receipts after it, of every host; so it discloses nothing."""
    wrong = ReceiptWriter(database, ClockWatch(database, lambda: utc_now() + timedelta(days=days)))
    with pytest.raises(AppError) as refusal:
        await wrong.append([draft()])
    assert refusal.value.code is ErrorCode.UNAVAILABLE
    assert await sequences(database) == []
    await wrong.close()


async def count_inserts(database: Database) -> int:
    """Return how many insert commands the server has run."""
    status = await database.client.admin.command("serverStatus")
    return int(status["metrics"]["commands"]["insert"]["total"])


async def test_many_subjects_cost_one_write(database: Database, writer: ReceiptWriter) -> None:
    """A hundred receipts of one operation are one insert command."""
    before = await count_inserts(database)
    await writer.append([draft(subject_id=str(number)) for number in range(100)])
    assert await count_inserts(database) - before == 1


async def test_operations_that_wait_together_share_a_write(database: Database, writer: ReceiptWriter) -> None:
    """Sixteen operations at once need at most two inserts, and each gets its own receipt."""
    before = await count_inserts(database)
    answers = await asyncio.gather(*(writer.append([draft(actor=str(number))]) for number in range(16)))
    assert [one["actor"] for (one,) in answers] == [str(number) for number in range(16)]
    assert await count_inserts(database) - before <= 2


async def test_two_writers_make_one_chain(database: Database) -> None:
    """Writers that know nothing of each other leave no gap and no fork."""
    writers = [ReceiptWriter(database) for _ in range(4)]
    await asyncio.gather(*(writer.append([draft(), draft()]) for writer in writers for _ in range(20)))
    for writer in writers:
        await writer.close()
    assert await sequences(database) == list(range(1, 161))


async def test_head_follows_the_chain(database: Database, writer: ReceiptWriter) -> None:
    """After `close` the head says how far the chain reaches."""
    written = await writer.append([draft(), draft()])
    await writer.close()
    head = await read_head(database)
    assert head is not None
    assert (head.sequence, head.hash) == (2, written[-1]["hash"])


async def test_close_waits_for_the_note_of_a_write_under_way(database: Database, writer: ReceiptWriter) -> None:
    """The note begins when the write ends, and `close` was called before."""
    append = asyncio.create_task(writer.append([draft()]))
    await asyncio.sleep(0)
    await writer.close()
    head = await read_head(database)
    assert head is not None
    assert head.sequence == (await append)[0]["sequence"] == 1


async def test_older_note_of_the_head_changes_nothing(database: Database, writer: ReceiptWriter) -> None:
    """A slow writer's note cannot move the head back."""
    first, _ = await writer.append([draft(), draft()])
    await writer.close()
    await store.save_head(database, end_of(first))
    head = await read_head(database)
    assert head is not None
    assert head.sequence == 2


async def test_cancelled_operation_does_not_disturb_the_others(database: Database, writer: ReceiptWriter) -> None:
    """One of two waiting operations is cancelled; the other one's receipt is written."""
    cancelled, kept = (asyncio.create_task(writer.append([draft(actor=name)])) for name in ("gone", "here"))
    await asyncio.sleep(0)
    cancelled.cancel()
    (receipt,) = await kept
    assert receipt["actor"] == "here"
    assert [number + 1 for number in range(receipt["sequence"])] == await sequences(database)


async def test_refused_document_is_unavailable_and_leaves_no_gap(database: Database, writer: ReceiptWriter) -> None:
    """What the validator refuses fails its own group; the chain goes on after it."""
    with pytest.raises(AppError):
        await writer.append([draft(), draft(reason=None)])
    (receipt,) = await writer.append([draft()])
    assert await sequences(database) == list(range(1, receipt["sequence"] + 1))


async def test_kill_in_the_middle_leaves_a_whole_chain(own_mongod: EmbeddedMongod, own_database: Database) -> None:
    """While mongod is away nothing is acknowledged; what was acknowledged before is there after, with no gap."""
    writer = ReceiptWriter(own_database)
    written: list[Receipt] = []
    enough = asyncio.Event()

    async def append_until_killed() -> None:
        while True:
            written.extend(await writer.append(_two()))
            if len(written) >= 50:
                enough.set()

    tasks = [asyncio.create_task(append_until_killed()) for _ in range(4)]
    await enough.wait()
    await asyncio.to_thread(own_mongod.kill)
    refusals = await asyncio.gather(*tasks, return_exceptions=True)
    assert {getattr(refused, "code", refused) for refused in refusals} == {ErrorCode.UNAVAILABLE}
    await asyncio.to_thread(own_mongod.restart)
    await writer.append(_two())
    await writer.close()
    present = await sequences(own_database)
    assert present == list(range(1, len(present) + 1))
    assert {receipt["sequence"] for receipt in written} <= set(present)


def _two() -> Sequence[ReceiptDraft]:
    return [draft(), draft()]
