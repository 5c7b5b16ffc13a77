"""Work in the background, round by round for as long as the app runs.

Promises that a round that fails is followed by another, and a rest of four times what the round took, so that the work
never uses more than a fifth of a database that is large or slow.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from app.log import describe_exception, log

REST_FACTOR = 4


@asynccontextmanager
async def in_rounds(work: Callable[[], Awaitable[object]], pause_seconds: float, failed: str) -> AsyncIterator[None]:
    """Do the work again and again for the length of the block; rests at least the pause. `failed` is what is logged."""
    task = asyncio.create_task(_repeat(work, pause_seconds, failed))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _repeat(work: Callable[[], Awaitable[object]], pause_seconds: float, failed: str) -> None:
    while True:
        started = time.monotonic()
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody else would begin the work again
            log.warning(failed, **describe_exception(error))
        await asyncio.sleep(max(pause_seconds, REST_FACTOR * (time.monotonic() - started)))
