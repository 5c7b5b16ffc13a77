"""However many restricted fields an operation opens and however deep they lie, it costs one write and one batch."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pymongo
import pytest
from pymongo.monitoring import CommandListener, CommandStartedEvent

from app.database.embedded import EmbeddedMongod
from auth.development import demo_user_id
from auth.principal import Role
from tests.harness.people import (
    AUTHENTICATED,
    COMPANY,
    COMPANY_FIELDS,
    SAVE_AUTHENTICATED,
    SAVE_COMPANY,
    open_and_take,
)
from tests.harness.system import System, running_system

PEOPLE = 100
DEEP = """{ users(first: 100) { nodes { id
    profile { ... on AuthenticatedProfile { intercomId intercomEmail msEmail tld name } }
    company { companyName } } } }"""
CHAINED = """{ companies(first: 1) { nodes { companyName users(first: 100) { nodes {
    profile { ... on AuthenticatedProfile { name } } company { msTenantId } } } } }
  me { company { companyName } } user(id: "%s") { profile { ... on AuthenticatedProfile { tld } } } }"""


class Commands(CommandListener):
    """Counts the database commands while it listens."""

    def __init__(self) -> None:
        """Listen to nothing yet."""
        self.heard: list[tuple[str, str]] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Note the command and its collection."""
        self.heard.append((event.command_name, str(event.command.get(event.command_name))))

    def succeeded(self, event: object) -> None:
        """Not asked."""

    def failed(self, event: object) -> None:
        """Not asked."""


@pytest.fixture(scope="module")
def commands() -> Commands:
    """A listener on every client that is made from here on."""
    listener = Commands()
    pymongo.monitoring.register(listener)
    return listener


@pytest.fixture
async def crowd(
    commands: Commands,  # noqa: ARG001 - made first, so that it hears this system's clients
    mongod: EmbeddedMongod,
    data_folder: Path,
) -> AsyncIterator[System]:
    """A system with 100 people of one company, whose request an agent has taken."""
    async with running_system(mongod.uri, data_folder) as system:
        await system.ask(SAVE_COMPANY, Role.COMPANY_ADMIN, i=COMPANY_FIELDS)
        for number in range(PEOPLE):
            token = system.token(Role.USER, demo_user_id(0, number), COMPANY)
            saved = await system.ask(SAVE_AUTHENTICATED, token=token, i={**AUTHENTICATED, "name": f"Person {number}"})
            assert saved.errors == []
        await open_and_take(system, companyId=COMPANY)
        yield system


@contextmanager
def heard(commands: Commands) -> Iterator[list[tuple[str, str]]]:
    """Give what is heard within the block."""
    commands.heard.clear()
    yield commands.heard


async def test_a_hundred_people_open_with_one_write_and_one_key_check(crowd: System, commands: Commands) -> None:
    """100 people x 5 sealed fields and their company's, two levels apart: one insert, one batch of the vault."""
    with heard(commands) as commands_heard:
        reply = await crowd.ask(DEEP, Role.SUPPORT)
    assert reply.errors == []
    names = {node["profile"]["name"] for node in reply.data["users"]["nodes"]}
    assert names == {f"Person {number}" for number in range(PEOPLE)}
    assert {node["company"]["companyName"] for node in reply.data["users"]["nodes"]} == {COMPANY_FIELDS["companyName"]}
    assert commands_heard.count(("insert", "access_receipts")) == 1
    assert [collection for name, collection in commands_heard if name == "find"].count("vault_keys") <= 2
    assert await crowd.services.database["access_receipts"].count_documents({}) == PEOPLE + 1


async def test_roots_that_take_different_times_wait_for_each_other(crowd: System, commands: Commands) -> None:
    """Three root fields, chains of loads under two of them: still one insert."""
    with heard(commands) as commands_heard:
        reply = await crowd.ask(CHAINED % demo_user_id(0, 3), Role.SUPPORT)
    assert reply.errors == []
    assert commands_heard.count(("insert", "access_receipts")) == 1


async def test_a_refused_crowd_costs_one_write_too(crowd: System, commands: Commands) -> None:
    """Another agent, who has taken nothing, is refused 600 fields: one insert, and nothing of the vault is asked."""
    token = crowd.token(Role.SUPPORT, sub="agent-two")
    with heard(commands) as commands_heard:
        reply = await crowd.ask(DEEP, token=token)
    assert set(reply.codes) == {"SUPPORT_REQUEST_REQUIRED"}
    assert all(error["extensions"]["needs"] for error in reply.errors)
    assert commands_heard.count(("insert", "access_receipts")) == 1
    assert ("find", "vault_keys") not in commands_heard
