"""Runs work in one MongoDB transaction, again when MongoDB says that this may help.

Promises all or nothing, durable on return. A conflict with another writer or a lost connection runs the work again
after a short random pause; a commit whose outcome is unknown is committed again, which MongoDB makes safe. What may
run again must not keep traces of its earlier runs.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from app.database.client import DURABLE, Database

GIVE_UP_SECONDS = 8.0  # below the 10 s of an operation
PAUSE_MAX_SECONDS = 0.1

Result = TypeVar("Result")
Session = Any  # a driver's session; the two drivers share no base
Work = Callable[[Session], Awaitable[Result]]


async def run_in_transaction(
    database: Database, work: Work[Result], *, on_conflict: Callable[[], None] = lambda: None
) -> Result:
    """Return the result of `work(session)`, committed; raises what it raises, or the last conflict after 8 seconds."""
    give_up_at = time.monotonic() + GIVE_UP_SECONDS
    attempt = 0
    async with database.session() as session:
        while True:
            try:
                return await _attempt(session, work, give_up_at)
            except PyMongoError as error:
                if not error.has_error_label("TransientTransactionError") or time.monotonic() > give_up_at:
                    raise
            on_conflict()
            attempt += 1
            await asyncio.sleep(random.uniform(0, min(0.002 * 2**attempt, PAUSE_MAX_SECONDS)))  # noqa: S311 - no secret


async def _attempt(session: Session, work: Work[Result], give_up_at: float) -> Result:
    started = session.start_transaction(write_concern=DURABLE, read_concern=ReadConcern("snapshot"))
    if asyncio.iscoroutine(started):
        await started
    try:
        result = await work(session)
    except BaseException:
        if session.in_transaction:
            await session.abort_transaction()
        raise
    while True:
        try:
            await session.commit_transaction()
        except PyMongoError as error:
            if not error.has_error_label("UnknownTransactionCommitResult") or time.monotonic() > give_up_at:
                raise
            await asyncio.sleep(PAUSE_MAX_SECONDS)
        else:
            return result
