"""Loads the demo data through the services' own functions, with the time of each simulated call as an argument.

Whatever the services do to a record is done to these. Loading again changes nothing that is there: ids say what is a
duplicate. The companies come last, so that their presence says that a load was finished.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from app.census.model import whole_hour
from app.census.service import record_census
from app.ingest import IngestResult
from app.profiles.model import ProfileKind
from app.usage.service import record_events
from auth.development import DEMO_COMPANY_IDS
from graphql_schema.context import Services
from scripts.demo_data.batches import DemoBatch, census_batches, error_batches, usage_batches
from scripts.demo_data.companies import COMPANIES
from scripts.demo_data.profiles import ProfileVisit, company_facts, profile_visits

IN_FLIGHT = 64  # the services write what waits together in one go

Call = TypeVar("Call")
Advance = Callable[[str, int, int], None]  # the part, calls done now, calls of the part in all


class DemoRefusedError(Exception):
    """A service refused a demo record: generator and service do not agree."""


@dataclass(slots=True)
class DemoLoader:
    """One load; `base` is the midnight that ends the simulated time."""

    services: Services
    seed: int
    base: datetime
    advance: Advance
    taken: dict[str, int] = field(default_factory=dict)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT))

    async def load(self) -> dict[str, int]:
        """Load everything but the support requests; returns how many records of each part are new."""
        await self._each("profiles", list(profile_visits(self.seed, self.base)), self._save_profile)
        await self._each("usage", usage_batches(self.seed, self.base), self._record_usage)
        await self._each("errors", error_batches(self.seed, self.base), self._record_errors)
        await self._each("census", census_batches(self.seed, self.base), self._record_census)
        for company in COMPANIES:
            await self.services.profiles.save_company(
                company.id, company_facts(company), self.base - timedelta(days=company.number)
            )
        return self.taken

    async def _each(self, part: str, calls: list[Call], send: Callable[[Call], Awaitable[int]]) -> None:
        async def send_one(call: Call) -> int:
            async with self._gate:
                accepted = await send(call)
            self.advance(part, 1, len(calls))
            return accepted

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(send_one(call)) for call in calls]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None  # the others follow from it, or say the same
        self.taken[part] = sum(task.result() for task in tasks)

    async def _save_profile(self, visit: ProfileVisit) -> int:
        profiles = self.services.profiles
        is_identified = visit.kind is ProfileKind.IDENTIFIED
        save = profiles.save_identified if is_identified else profiles.save_authenticated
        await save(visit.principal, visit.given, visit.at)
        return 1

    async def _record_usage(self, batch: DemoBatch) -> int:
        result = await record_events(
            self.services.database, batch.caller, batch.caller.company_id, batch.items, batch.now
        )
        return _accepted(result)

    async def _record_errors(self, batch: DemoBatch) -> int:
        result = await self.services.errors.record(batch.caller, batch.address, batch.items, batch.now)
        return _accepted(result)

    async def _record_census(self, batch: DemoBatch) -> int:
        # Secrets of past periods are destroyed, so an old record sent again would hash anew and count twice.
        if await self.services.database["census"].find_one({"receivedAt": whole_hour(batch.now)}, {"_id": 1}):
            return 0
        return _accepted(await record_census(self.services.database, self.services.hasher, batch.items, batch.now))


def _accepted(result: IngestResult) -> int:
    if result.rejected:
        raise DemoRefusedError(result.rejected[0].message)
    return result.accepted


async def is_loaded(services: Services) -> bool:
    """Return whether a load was finished."""
    query = {"_id": {"$in": list(DEMO_COMPANY_IDS)}}
    return int(await services.database["companies"].count_documents(query)) == len(COMPANIES)


async def holds_other_data(services: Services) -> bool:
    """Return whether there are companies, people or events that are not the demo's."""
    others = {"$exists": True, "$nin": [None, *DEMO_COMPANY_IDS]}
    queries: Iterable[tuple[str, str]] = (("companies", "_id"), ("users", "companyId"), ("events", "companyId"))
    for collection, key in queries:
        if await services.database[collection].find_one({key: others}, {"_id": 1}):
            return True
    return False
