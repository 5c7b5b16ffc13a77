"""Merged work that fails: each caller's part is tried alone, for those who still wait, where that does no harm."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from app.database.merging import MergedWork


class RefusedError(Exception):
    """What the work of these tests raises."""


def work_on(done: list[Sequence[str]], refused: str) -> Callable[[Sequence[str]], Awaitable[Sequence[str]]]:
    """Return work that notes what it was given, and fails where `refused` is among it."""

    async def work(items: Sequence[str]) -> Sequence[str]:
        done.append(list(items))
        await asyncio.sleep(0)
        if refused in items:
            raise RefusedError
        return items

    return work


async def test_a_fault_stays_with_its_caller() -> None:
    """Of two callers in one batch the one with the fault hears of it, the other has its result."""
    done: list[Sequence[str]] = []
    merged = MergedWork(work_on(done, "bad"))
    good, bad = await asyncio.gather(merged.run(["good"]), merged.run(["bad"]), return_exceptions=True)
    assert (good, type(bad)) == (["good"], RefusedError)
    assert done == [["good", "bad"], ["good"], ["bad"]]


async def test_work_that_adds_up_is_never_done_again() -> None:
    """What part of it is done already nobody knows; all callers hear that it failed."""
    done: list[Sequence[str]] = []
    merged = MergedWork(work_on(done, "bad"), may_repeat=False)
    answers = await asyncio.gather(merged.run(["good"]), merged.run(["bad"]), return_exceptions=True)
    assert [type(answer) for answer in answers] == [RefusedError, RefusedError]
    assert done == [["good", "bad"]]


async def test_nothing_is_tried_again_for_who_has_gone() -> None:
    """One of three callers gives up while the batch is under way; the other two are served."""
    done: list[Sequence[str]] = []

    async def work(items: Sequence[str]) -> Sequence[str]:
        gone.cancel()
        return await work_on(done, "bad")(items)

    merged = MergedWork(work)
    gone, *here = (asyncio.create_task(merged.run([name])) for name in ("gone", "bad", "good"))
    bad, good = await asyncio.gather(*here, return_exceptions=True)
    assert (type(bad), good) == (RefusedError, ["good"])
    assert done == [["gone", "bad", "good"], ["bad"], ["good"]]
    with pytest.raises(asyncio.CancelledError):
        await gone
