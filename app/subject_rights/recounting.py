"""Counts anew what an erasure has left of a company: of those who came back since, and of calls that were under way.

What is counted tells no longer when which part of it came in, so it goes by what it was counted from. That is possible
while nothing of what came in since the erasure has expired; after, it goes by when it was begun.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.database.client import Database
from app.database.indexes import read_life
from app.error_reports.day_keys import DayKeys
from app.error_reports.recounting import counts_exceed, recount_reports
from app.usage.numbering import EVENTS
from app.usage.recounting import counts_agree, recount_company

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Recounting:
    """The counts of a company after its erasure, which took all or, on a replay, what came in up to `until`."""

    database: Database
    keys: DayKeys
    company_id: str
    now: datetime
    until: datetime | None

    async def has_all_since(self, collection: str) -> bool:
        """Return whether nothing that a collection received since the erasure has expired."""
        if self.until is None:
            return True
        life = await read_life(self.database, collection)
        return life is None or self.now < self.until + life

    async def recount_usage(self, erased: Mapping[str, int]) -> int:
        """Let buckets tell of the events that are left; return how many were there of days that differed.

        Where nothing was erased and each day has its number of events, there is nothing to do.
        """
        end = (self.until or self.now) + 2 * DAY  # an event's time may lie in the day after its receipt
        is_quiet = self.until is not None and not (erased[EVENTS] or erased["usage_buckets"])
        if is_quiet and await counts_agree(self.database, self.company_id, end):
            return 0
        return await recount_company(self.database, self.company_id, end)

    async def recount_errors(self) -> Mapping[str, int]:
        """Let the counts of errors tell of the reports that are left; return how many were there if they did not."""
        if not await counts_exceed(self.database, self.company_id):
            return {}
        return await recount_reports(self.database, self.keys, self.company_id, self.now)
