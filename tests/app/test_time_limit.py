"""One timer for all ends each piece of work when `asyncio.timeout` would, and no other way."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.time_limit import TimeLimit
from tests.harness.skipping import run_skipping

Limit = Callable[[], AbstractAsyncContextManager[object]]
SECONDS = 4


class Plan(NamedTuple):
    """One piece: when it begins, how long it works, when it is cancelled from outside, what it does when cancelled."""

    begins: int
    works: int
    cancelled_after: int | None
    stubborn: bool
    inner: int | None


PLANS = some.lists(
    some.builds(
        Plan,
        some.integers(0, 9),
        some.integers(0, 9),
        some.none() | some.integers(0, 9),
        some.booleans(),
        some.none() | some.integers(0, 6),
    ),
    min_size=1,
    max_size=8,
)


async def _work(plan: Plan, limit: Limit, log: list[tuple[float, str]]) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(plan.begins)
    try:
        async with limit():
            try:
                async with asyncio.timeout(plan.inner):
                    await asyncio.sleep(plan.works)
            except TimeoutError:
                log.append((loop.time(), "inner"))
                await asyncio.sleep(plan.works)
            except asyncio.CancelledError:
                if not plan.stubborn:
                    raise
                log.append((loop.time(), "stubborn"))
        log.append((loop.time(), "done"))
    except TimeoutError:
        log.append((loop.time(), "late"))
    except asyncio.CancelledError:
        log.append((loop.time(), "cancelled"))
        raise
    task = asyncio.current_task()
    assert task is not None
    log.append((loop.time(), f"asked {task.cancelling()}"))


async def _run(plans: list[Plan], limit: Limit) -> list[list[tuple[float, str]]]:
    logs: list[list[tuple[float, str]]] = [[] for _ in plans]
    loop = asyncio.get_running_loop()
    tasks = [asyncio.create_task(_work(plan, limit, log)) for plan, log in zip(plans, logs, strict=True)]
    for plan, task in zip(plans, tasks, strict=True):
        if plan.cancelled_after is not None:
            loop.call_later(plan.cancelled_after + 0.5, task.cancel)  # half: which of two at once is first says nothing
    await asyncio.wait(tasks)
    return logs


@given(PLANS)
def test_pieces_end_as_under_a_timer_of_their_own(plans: list[Plan]) -> None:
    """At the same moments in the same ways, whatever else is under way."""

    async def all_under_one() -> list[list[tuple[float, str]]]:
        limit = TimeLimit(SECONDS + 0.25)

        @asynccontextmanager
        async def under():  # type: ignore[no-untyped-def]  # noqa: ANN202 - a context like the other
            with limit.start():
                yield

        return await _run(plans, under)

    expected = run_skipping(_run(plans, lambda: asyncio.timeout(SECONDS + 0.25)))
    assert run_skipping(all_under_one()) == expected


def test_what_is_hopeless_ends_early() -> None:
    """It is asked once; where there is hope the work may go on to its end."""
    hopeless = [False, True]

    async def try_both() -> list[float]:
        limit, loop = TimeLimit(10, early_seconds=3, is_hopeless=lambda: hopeless.pop(0)), asyncio.get_running_loop()
        ends = []
        for _ in range(2):
            began = loop.time()
            with pytest.raises(TimeoutError), limit.start():
                await asyncio.sleep(60)
            ends.append(loop.time() - began)
        return ends

    assert run_skipping(try_both()) == [10, 3]


def test_a_budget_shorter_than_the_early_look_is_kept() -> None:
    """The end is the end."""

    async def work() -> float:
        limit = TimeLimit(2, early_seconds=3)
        with pytest.raises(TimeoutError), limit.start():
            await asyncio.sleep(60)
        return asyncio.get_running_loop().time()

    assert run_skipping(work()) == 2


def test_a_limit_serves_another_loop_when_the_first_is_gone() -> None:
    """What was under way there is forgotten, and new work is limited all the same."""
    limit = TimeLimit(2)

    async def work(seconds: float) -> None:
        with limit.start():
            await asyncio.sleep(seconds)

    async def leave_one_behind() -> None:
        left = asyncio.create_task(work(60))
        await asyncio.sleep(1)
        assert not left.done()

    run_skipping(leave_one_behind())
    with pytest.raises(TimeoutError):
        run_skipping(work(3))


def test_it_is_for_tasks() -> None:
    """Where no task runs there is nothing to end."""

    async def outside() -> None:
        failed: asyncio.Future[type[BaseException]] = asyncio.get_running_loop().create_future()

        def start() -> None:
            try:
                TimeLimit(1).start()
            except RuntimeError as error:
                failed.set_result(type(error))

        asyncio.get_running_loop().call_soon(start)
        assert await failed is RuntimeError

    run_skipping(outside())
