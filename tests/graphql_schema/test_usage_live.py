"""A live dashboard is decided anew for each event, in the running app."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from app.operation import Answer, Ask
from auth.development import DEMO_COMPANY_IDS
from auth.principal import Role
from auth.tokens import TokenVerifier
from graphql_schema.execute import Runner
from graphql_schema.schema import build_schema
from graphql_schema.subscribing import Subscriber
from tests.harness.system import System
from tests.harness.usage import created, new_id, send

WATCH = "subscription($of: ID) { usageChanged(companyId: $of) { totals { requestsCreated } } }"
OPEN = """mutation($of: ID!) { openSupportRequest(
  input: { reason: "Help", ticket: "T-1", subject: { companyId: $of } }) { id } }"""
SAVE = 'mutation { saveCompany(input: { license: "Business" }) { id } }'
TAKE = "mutation($id: ID!) { takeSupportRequest(id: $id) { status } }"
RELEASE = "mutation($id: ID!) { releaseSupportRequest(id: $id) { status } }"


async def watch(system: System, token: str, **variables: object) -> AsyncGenerator[Answer, None]:
    """Give the answers of a live dashboard."""
    principal = await TokenVerifier([system.issuer.issuer], lambda text: text).verify(token)
    subscriber = Subscriber(Runner(build_schema(), system.services), system.clock)
    ask = Ask(WATCH, principal, "test", system.clock(), variables)
    async with aclosing(subscriber.subscribe(ask)) as answers:
        async for answer in answers:
            yield answer


async def next_of(answers: AsyncGenerator[Answer, None]) -> Answer:
    """Return the next answer."""
    async with asyncio.timeout(10):
        return await anext(answers)


async def rest_of(answers: AsyncGenerator[Answer, None]) -> list[Answer]:
    """Return what comes until the stream ends, which it must."""
    async with asyncio.timeout(10):
        return [answer async for answer in answers]


async def take_request_about(system: System, company: str, agent: str) -> str:
    """Let an agent open a request about the company and take it; returns its id."""
    await system.ask(SAVE, Role.COMPANY_ADMIN)
    opened = await system.ask(OPEN, token=agent, of=company)
    request_id: str = opened.data["openSupportRequest"]["id"]
    await system.ask(TAKE, token=agent, id=request_id)
    return request_id


async def test_an_agents_stream_ends_with_the_first_event_after_the_request_was_released(system: System) -> None:
    """The request opens the dashboard only while it is taken; a stream that began before does not outlive it."""
    company, agent = DEMO_COMPANY_IDS[0], system.token(Role.SUPPORT)
    async with aclosing(watch(system, agent, of=company)) as refused:
        assert (await next_of(refused)).codes == ("SUPPORT_REQUEST_REQUIRED",)
    request_id = await take_request_about(system, company, agent)
    async with aclosing(watch(system, agent, of=company)) as answers:
        assert (await next_of(answers)).body["data"]["usageChanged"]["totals"]["requestsCreated"] == 0
        await send(system, [created(system.clock(), new_id())], system.token(Role.COMPANY_ADMIN))
        assert (await next_of(answers)).body["data"]["usageChanged"]["totals"]["requestsCreated"] == 1
        await system.ask(RELEASE, token=agent, id=request_id)
        await send(system, [created(system.clock(), new_id())], system.token(Role.COMPANY_ADMIN))
        last = await next_of(answers)
        assert last.codes == ("SUPPORT_REQUEST_REQUIRED",)
        assert last.body["data"] is None
        assert await rest_of(answers) == []


async def test_an_agents_stream_ends_with_the_first_event_after_eight_hours(system: System) -> None:
    """The moment of each event decides, not the one when the stream began: access that time has ended is over."""
    company, agent = DEMO_COMPANY_IDS[0], system.token(Role.SUPPORT)
    await take_request_about(system, company, agent)
    async with aclosing(watch(system, agent, of=company)) as answers:
        assert (await next_of(answers)).codes == ()
        system.clock.move(hours=8)
        await send(system, [created(system.clock(), new_id())], system.token(Role.COMPANY_ADMIN))
        assert (await next_of(answers)).codes == ("SUPPORT_REQUEST_REQUIRED",)
        assert await rest_of(answers) == []


async def test_a_customer_watches_no_other_company(system: System) -> None:
    """Another company is not found, whether it exists or not."""
    for company in (DEMO_COMPANY_IDS[1], "NOBODY"):
        async with aclosing(watch(system, system.token(Role.COMPANY_ADMIN), of=company)) as answers:
            assert (await next_of(answers)).codes == ("NOT_FOUND",)


async def test_the_change_stream_closes_with_the_last_watcher(system: System) -> None:
    """Nobody watching costs nothing."""
    answers = watch(system, system.token(Role.COMPANY_ADMIN))
    await next_of(answers)
    assert system.services.usage_changes.is_watching
    await answers.aclose()
    assert not system.services.usage_changes.is_watching
