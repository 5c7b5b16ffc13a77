"""Erases again, each minute for a day, what was received before an erasure and stored or counted after it.

A call stamps what it stores with the time at which it came; another worker, busy or frozen, may store it a moment after
somebody erased its person or company, and counts errors later still. No erasure can wait for that. So one process at a
time repeats the erasures of the last day, each up to its moment: who came back since stays. An erasure that was broken
off, or is under way, is left to who asked for it.
"""

import secrets
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from app.clock import Clock
from app.database.clock_watch import ClockWatch
from app.database.leases import take_lease
from app.database.rounds import in_rounds
from app.log import describe_exception, log
from app.subject_rights.erasing import ERASURES, Erasing, Repeater

JOB = "erasures"
LEASE = timedelta(minutes=2)
AGAIN_FOR = timedelta(days=1)
PAUSE_SECONDS = 60
LATE = Repeater("erasures", "Erased again: received before the erasure, stored after it.", destroys_keys=False)


def repeating(
    erasing: Erasing,
    clock: Clock,
    watch: ClockWatch,
    again_for: timedelta = AGAIN_FOR,
    *,
    pause_seconds: float = PAUSE_SECONDS,
) -> AbstractAsyncContextManager[None]:
    """Repeat each completed erasure for the length of the block, as long as it is younger than `again_for`.

    A host whose clock is wrong leaves it to others: it does not know what has expired.
    """
    holder = secrets.token_hex(8)

    async def work() -> None:
        await watch.check()
        await repeat_once(erasing, holder, clock(), again_for)

    return in_rounds(work, pause_seconds, "erasures_not_repeated")


async def repeat_once(erasing: Erasing, holder: str, now: datetime, again_for: timedelta = AGAIN_FOR) -> int:
    """Repeat the young erasures if there are any and nobody else does at present; returns how many were."""
    query = {"erasedAt": {"$gt": now - again_for}, "completedAt": {"$ne": None}}
    young = await erasing.database.secrets[ERASURES].find(query).sort("erasedAt", 1).to_list(None)
    if not young or await take_lease(erasing.database, JOB, holder, LEASE) is None:
        return 0
    for erasure in young:
        try:
            await erasing.replay(erasure, now, LATE)
        except Exception as error:  # noqa: BLE001 - one that fails must not keep the others waiting
            log.warning("erasure_not_repeated", kind=erasure["kind"], **describe_exception(error))
    return len(young)
