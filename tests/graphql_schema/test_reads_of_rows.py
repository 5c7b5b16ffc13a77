"""What each row of a list asks for alike is read once for all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from auth.principal import Role
from tests.harness.people import COMPANY, PERSON, open_and_take, save_people
from tests.harness.system import System

ROWS = 12


@asynccontextmanager
async def profiling(system: System, collection: str) -> AsyncIterator[list[Any]]:
    """Give a list which at the end of the block holds the reads of a collection in it, as MongoDB's profiler tells."""
    database, reads = system.services.database, list[Any]()
    await database.raw.command("profile", 2)
    try:
        yield reads
    finally:
        await database.raw.command("profile", 0)
        query = {"ns": f"{database.name}.{collection}", "op": "query"}
        reads += await database["system.profile"].find(query).to_list(None)
        await database["system.profile"].drop()


async def repeat(system: System, collection: str, without: str = "") -> None:
    """Store copies of a document, each with an id of its own."""
    row = await system.services.database[collection].find_one({})
    row.pop(without, None)
    await system.services.database[collection].insert_many([{**row, "_id": f"copy {n}"} for n in range(ROWS)])


async def test_the_people_of_a_page_of_reports_are_one_read(system: System) -> None:
    """Each report names its person, whom the caller may see."""
    await save_people(system)
    for role in (Role.USER, Role.COMPANY_ADMIN):
        now = system.clock().isoformat()
        reports = [{"reportId": str(place), "occurredAt": now, "kind": "OTHER"} for place in range(ROWS)]
        text = "mutation($r: [ErrorReportInput!]!) { recordErrors(reports: $r) { accepted } }"
        assert (await system.ask(text, role, r=reports)).errors == []
    async with profiling(system, "users") as reads:
        reply = await system.ask("{ errors(first: 24) { nodes { user { personId } } } }", Role.SUPPORT)
    people = [node["user"] and node["user"]["personId"] for node in reply.data["errors"]["nodes"]]
    assert (people.count(PERSON), len(people)) == (ROWS, 2 * ROWS)
    assert len(reads) == 1


async def test_the_people_of_a_page_of_support_requests_are_one_read(system: System) -> None:
    """Each request names whom it is about."""
    await save_people(system)
    await open_and_take(system)
    await repeat(system, "support_requests")
    async with profiling(system, "users") as reads:
        reply = await system.ask("{ supportRequests(first: 20) { nodes { subject { personId } } } }", Role.SUPPORT)
    nodes = reply.data["supportRequests"]["nodes"]
    assert [node["subject"]["personId"] for node in nodes] == [PERSON] * (ROWS + 1)
    assert len(reads) == 1


async def test_what_an_agent_has_taken_is_read_once_for_a_page(system: System) -> None:
    """A request about the company opens the usage of each of its people."""
    await save_people(system)
    await open_and_take(system, companyId=COMPANY)
    await repeat(system, "users", without="blindIndex")
    async with profiling(system, "support_requests") as reads:
        text = "{ users(first: 20) { nodes { events(first: 1) { nodes { name } } } } }"
        reply = await system.ask(text, Role.SUPPORT)
    assert (reply.errors, len(reply.data["users"]["nodes"])) == ([], ROWS + 2)
    assert len(reads) == 1
