"""Support requests are watched within reach, and read anew for each event."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from app.operation import Answer, Ask
from auth.principal import Role
from auth.tokens import TokenVerifier
from graphql_schema.execute import Runner
from graphql_schema.schema import build_schema
from graphql_schema.subscribing import Subscriber
from tests.harness.people import OTHER_COMPANY, OTHER_PERSON, save_people
from tests.harness.system import System

WATCH = "subscription { supportRequestChanged { id status takenBy } }"
OPEN = "mutation($i: OpenSupportRequestInput!) { openSupportRequest(input: $i) { id } }"
TAKE = "mutation($id: ID!) { takeSupportRequest(id: $id) { status } }"
CLOSE = "mutation($id: ID!) { closeSupportRequest(id: $id) { status } }"


async def watch(system: System, token: str) -> AsyncGenerator[Answer, None]:
    """Give the answers of a subscription."""
    principal = await TokenVerifier([system.issuer.issuer], lambda text: text).verify(token)
    subscriber = Subscriber(Runner(build_schema(), system.services), system.clock)
    async with aclosing(subscriber.subscribe(Ask(WATCH, principal, "test", system.clock()))) as answers:
        async for answer in answers:
            yield answer


async def next_of(answers: AsyncGenerator[Answer, None]) -> Answer:
    """Return the next answer."""
    async with asyncio.timeout(10):
        return await anext(answers)


async def begin(system: System, answers: AsyncGenerator[Answer, None]) -> asyncio.Task[Answer]:
    """Begin to wait for the first answer; return once the stream is open."""
    first = asyncio.create_task(next_of(answers))
    async with asyncio.timeout(10):
        while not system.services.support_changes.is_open:  # noqa: ASYNC110 - MongoDB opens it, there is no event
            await asyncio.sleep(0.01)
    return first


async def test_the_person_sees_their_request_taken_by_a_pseudonym(system: System) -> None:
    """Opened, taken, closed: each step once, the agent under the same name as elsewhere."""
    await save_people(system)
    async with aclosing(watch(system, system.token(Role.USER))) as answers:
        first = await begin(system, answers)
        request = (await system.ask(OPEN, Role.USER, i={"reason": "Help"})).data["openSupportRequest"]["id"]
        assert (await first).body["data"]["supportRequestChanged"] == {"id": request, "status": "OPEN", "takenBy": None}
        await system.ask(TAKE, Role.SUPPORT, id=request)
        taken = await next_of(answers)
        seen = taken.body["data"]["supportRequestChanged"]
        assert seen["status"] == "TAKEN"
        assert "demo-support" not in seen["takenBy"]
        await system.ask(CLOSE, Role.USER, id=request)
        closed = await next_of(answers)
        assert closed.body["data"]["supportRequestChanged"]["status"] == "CLOSED"


async def test_nobody_hears_of_somebody_elses_request(system: System) -> None:
    """A customer of another company hears only of their own."""
    await save_people(system)
    stranger = system.token(Role.COMPANY_ADMIN, OTHER_PERSON, OTHER_COMPANY)
    async with aclosing(watch(system, stranger)) as answers:
        first = await begin(system, answers)
        await system.ask(OPEN, Role.USER, i={"reason": "Help"})
        own = await system.ask(OPEN, token=stranger, i={"reason": "Mine"})
        told = (await first).body["data"]["supportRequestChanged"]["id"]
        assert told == own.data["openSupportRequest"]["id"]


async def test_who_may_open_none_may_watch_none(system: System) -> None:
    """An analyst is refused at once."""
    async with aclosing(watch(system, system.token(Role.ANALYST))) as answers:
        assert (await next_of(answers)).codes == ("FORBIDDEN",)
