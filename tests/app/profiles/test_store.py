"""One look-up key that many people of a company take at the same moment."""

import asyncio
from typing import Any

import pytest

from app.errors import AppError, ErrorCode
from app.profiles.store import save_user
from auth.principal import Principal, Role
from tests.harness.people import AUTHENTICATED, COMPANY
from tests.harness.system import System

MANY = 24


async def save(system: System, number: int) -> dict[str, Any]:
    """Save the profile of one of them."""
    person = Principal(f"issuer|{number}", frozenset({Role.USER}), f"PERSON {number}", frozenset({COMPANY}))
    return await system.services.profiles.save_authenticated(person, AUTHENTICATED, system.clock())


async def test_the_same_upn_of_many_at_once_is_saved_for_all_and_found_for_one(system: System) -> None:
    """Nobody is told that something went wrong on our side; of a UPN that passes on, the last one has it."""
    saved = await asyncio.gather(*(save(system, number) for number in range(MANY)))
    assert {user["_id"] for user in saved} == {f"PERSON {number}" for number in range(MANY)}
    users = system.services.database["users"]
    assert await users.count_documents({}) == MANY
    assert await users.count_documents({"blindIndex": {"$exists": True}}) == 1


async def test_a_key_that_stays_taken_is_told_as_a_reason_to_come_again(system: System) -> None:
    """After all rounds it is the coded error that a client sends again upon, not a fault of ours."""
    stored = await save(system, 0)
    key = {"_id": stored.pop("_id"), "verified": False}  # matches nobody, and its id is taken
    first = {"firstSeenAt": stored.pop("firstSeenAt")}
    with pytest.raises(AppError) as refusal:
        await save_user(system.services.database, key, {**stored, "verified": False}, first)
    assert refusal.value.code is ErrorCode.UNAVAILABLE
