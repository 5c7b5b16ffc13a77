"""P8: "Anonymous ... No data collected." - refused in the API and by the collection's validator."""

import pytest
from pymongo.errors import WriteError

from auth.principal import Role
from tests.harness.people import IDENTIFIED, SAVE_IDENTIFIED, save_people
from tests.harness.system import System

COLLECTIONS = ("users", "companies", "events", "errors", "census")


async def count_stored(system: System) -> dict[str, int]:
    """Return how many documents each collection holds."""
    return {name: await system.services.database[name].count_documents({}) for name in COLLECTIONS}


async def test_looking_around_without_a_token_stores_nothing(system: System) -> None:
    """An anonymous person is told that they are, and leaves no trace."""
    reply = await system.ask("{ me { kind roles user { id } profile { __typename kind collectedAt } } }")
    profile = {"__typename": "AnonymousProfile", "kind": "ANONYMOUS", "collectedAt": None}
    assert reply.data["me"] == {"kind": "ANONYMOUS", "roles": [], "user": None, "profile": profile}
    assert set((await count_stored(system)).values()) == {0}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"theme": "Dark", "locale": "EN-US"},
        dict.fromkeys(("msUpn", "intercomId"), ""),
        {"msUpn": " ", "locale": "EN-US"},
        {"msUpn": "\u200b", "intercomId": "\u3164", "theme": "Dark"},
        {"msTenantId": "5E872200-F546-4CCD-8F23-AF5F507AA2DD", "locale": "EN-US"},
    ],
)
async def test_a_profile_of_nobody_is_refused(system: System, given: dict[str, str]) -> None:
    """Open fields alone, or with blanks or a tenant that has many people, are about somebody who is not identified."""
    reply = await system.ask(SAVE_IDENTIFIED, i=given)
    assert reply.codes == ["BAD_USER_INPUT"]
    assert set((await count_stored(system)).values()) == {0}


async def test_the_validator_refuses_an_anonymous_user(system: System) -> None:
    """Even a defect of the API could not store one."""
    await save_people(system)
    users = system.services.database["users"]
    document = await users.find_one({})
    with pytest.raises(WriteError):
        await users.insert_one({**document, "_id": "someone", "kind": "ANONYMOUS", "blindIndex": None})


async def test_a_claim_tells_nobody_who_is_known(system: System) -> None:
    """Saving a claim about a known and an unknown person answers alike, and creates no company."""
    await save_people(system)
    known = await system.ask(SAVE_IDENTIFIED, i=IDENTIFIED)
    unknown = await system.ask(SAVE_IDENTIFIED, i={**IDENTIFIED, "msUpn": "nobody@fabrikam.com", "msTenantId": "other"})
    assert known.body == unknown.body
    assert known.data["saveIdentifiedProfile"]["user"] is None
    assert (await count_stored(system))["companies"] == 1


async def test_a_claim_never_touches_the_verified_profile(system: System) -> None:
    """Somebody without a token cannot overwrite what a person's own token saved."""
    ids = await save_people(system)
    await system.ask(SAVE_IDENTIFIED, i={**IDENTIFIED, "theme": "Hacked"})
    text = "query($id: ID!) { user(id: $id) { profile { ... on IdentifiedProfile { theme } } } }"
    reply = await system.ask(text, Role.USER, id=ids["identified"])
    assert reply.data["user"]["profile"]["theme"] == IDENTIFIED["theme"]
