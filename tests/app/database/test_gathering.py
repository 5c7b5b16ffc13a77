"""Who comes in the same moment is served together; nobody waits for those who come later."""

import asyncio
from collections.abc import Sequence

from app.database.gathering import TURNS_MAX, let_gather
from app.database.merging import MergedWork


async def turns_of(*comings: int) -> int:
    """Return how many turns of the loop one gathers while so many others come in each of them."""
    waiting: list[int] = [0]
    gathered = asyncio.create_task(let_gather(waiting))
    turns = 0
    for coming in (*comings, *[0] * TURNS_MAX):
        await asyncio.sleep(0)
        if gathered.done():
            break
        turns += 1
        waiting.extend([0] * coming)
    await gathered
    return turns


async def test_one_alone_waits_for_one_turn() -> None:
    """An idle loop makes that turn at once."""
    assert await turns_of() == 1


async def test_it_waits_while_others_come_but_not_for_ever() -> None:
    """Each turn that brings someone is followed by another, up to a number."""
    assert await turns_of(1) == 2
    assert await turns_of(1, 3) == 3
    assert await turns_of(*[1] * 50) == TURNS_MAX


async def test_callers_of_successive_turns_are_one_batch() -> None:
    """The work of three who come in three turns of the loop is done once."""
    batches: list[int] = []

    async def work(items: Sequence[int]) -> Sequence[int]:
        batches.append(len(items))
        return items

    merged: MergedWork[int, int] = MergedWork(work)

    async def come(turn: int) -> list[int]:
        for _ in range(turn):
            await asyncio.sleep(0)
        return await merged.run([turn])

    answers = await asyncio.gather(come(0), come(1), come(2))
    assert list(answers) == [[0], [1], [2]]
    assert batches == [3]
