"""The one clock: UTC, in whole milliseconds, as MongoDB keeps time.

Code that decides by time takes a reading as an argument, so that one operation sees one moment and tests choose it.
"""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present moment in UTC, cut to milliseconds."""
    return to_milliseconds(datetime.now(UTC))


def to_milliseconds(moment: datetime) -> datetime:
    """Return an aware moment in UTC without what MongoDB would drop (below 1 ms)."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    elif moment.microsecond % 1000 == 0:
        return moment
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
