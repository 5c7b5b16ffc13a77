"""A lease is one holder's at a time, and each taking has a higher turn."""

import asyncio
from datetime import timedelta

from app.database.leases import take_lease
from tests.harness.system import System

LIFE = timedelta(seconds=30)


async def test_one_of_many_gets_the_job(system: System) -> None:
    """Taken at the same moment by ten; the holder may prolong, the others wait."""
    database = system.services.database
    turns = await asyncio.gather(*(take_lease(database, "job", f"worker {number}", LIFE) for number in range(10)))
    (winner,) = [number for number, turn in enumerate(turns) if turn is not None]
    again = await take_lease(database, "job", f"worker {winner}", LIFE)
    assert again == 2
    assert await take_lease(database, "job", "another", LIFE) is None


async def test_a_lease_that_ran_out_is_taken_over_with_a_higher_turn(system: System) -> None:
    """So that what the earlier holder writes late can be told from what is newer."""
    database = system.services.database
    assert await take_lease(database, "job", "slow", timedelta(0)) == 1
    await database["leases"].update_one({"_id": "job"}, [{"$set": {"until": {"$subtract": ["$until", 1]}}}])
    assert await take_lease(database, "job", "quick", LIFE) == 2
