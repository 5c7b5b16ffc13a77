"""P5: usage is processed anonymously for the vendor, and per customer for in-app dashboards, and the two never meet."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from auth.principal import Role
from tests.harness.system import Reply, System
from tests.harness.usage import created, new_id, send, step, team

ANONYMOUS = """query($from: DateTime!, $to: DateTime!, $interval: Interval!) {
  anonymousUsage(from: $from, to: $to, interval: $interval) {
    companiesMin asOf periods { start groups { event count companies hidden daysLeftOut } } } }"""
DASHBOARD = """query($from: DateTime!, $to: DateTime!, $company: ID) {
  usageDashboard(from: $from, to: $to, interval: DAY, timeZone: "UTC", companyId: $company) {
    totals { requestsCreated } } }"""
IDENTIFYING = ("_id", "companyId", "userId", "eventId", "requestId", "teamId", "teamName", "templateId", "templateName")


def midday(system: System) -> datetime:
    """Noon of a Wednesday whose Monday and Tuesday lie in the same month."""
    day = system.clock().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    while day.weekday() != 2 or day.day < 3:
        day -= timedelta(days=1)
    return day


async def companies_use(system: System, number: int, at: datetime) -> list[str]:
    """Let so many companies create one request each; returns the companies."""
    companies = [new_id() for _ in range(number)]
    for company in companies:
        token = system.token(Role.COMPANY_ADMIN, new_id(), company)
        request = new_id()
        await send(system, [created(at, request), step("requestApproved", at, request)], token)
    return companies


async def ask(system: System, at: datetime, interval: str) -> Reply:
    """Ask for the anonymous usage around a moment, once it holds all that was sent."""
    async with asyncio.timeout(10):
        marks = system.services.database["usage_marks"]
        while await marks.find_one({}):  # noqa: ASYNC110 - it may be done by another process
            await asyncio.sleep(0.05)
    span = {"from": at.isoformat(), "to": (at + timedelta(hours=1)).isoformat()}
    return await system.ask(ANONYMOUS, Role.ANALYST, interval=interval, **span)


def group(reply: Reply, event: str = "REQUEST_CREATED") -> Mapping[str, Any]:
    """The group of an event in the first period."""
    groups: Sequence[Mapping[str, Any]] = reply.data["anonymousUsage"]["periods"][0]["groups"]
    return next(found for found in groups if found["event"] == event)


async def test_four_companies_are_hidden_and_five_are_shown(system: System) -> None:
    """A group of fewer than 5 companies is null and said so."""
    at = midday(system)
    await companies_use(system, 4, at)
    assert group(await ask(system, at, "DAY")) == {
        "event": "REQUEST_CREATED", "count": None, "companies": None, "hidden": True, "daysLeftOut": 0
    }  # fmt: skip
    await companies_use(system, 1, at)
    assert (await ask(system, at, "DAY")).data["anonymousUsage"]["companiesMin"] == 5
    shown = group(await ask(system, at, "DAY"))
    assert (shown["count"], shown["companies"], shown["hidden"]) == (5, 5, False)
    assert group(await ask(system, at, "DAY"), "TEAM_CREATED")["hidden"]


async def test_no_difference_of_shown_numbers_is_about_fewer_than_five_companies(system: System) -> None:
    """A week and a month leave out a day that is hidden, or the day could be found by subtraction."""
    at = midday(system)
    await companies_use(system, 6, at)
    await companies_use(system, 2, at - timedelta(days=1))
    for interval, days in (("WEEK", {6}), ("MONTH", {27, 28, 29, 30})):
        shown = group(await ask(system, at, interval))
        assert shown["count"] == 6
        assert shown["daysLeftOut"] in days
    await companies_use(system, 3, at - timedelta(days=2))
    assert group(await ask(system, at, "MONTH"))["count"] == 6  # a late event may yet make a hidden day stand
    system.clock.move(days=70)
    await published(system, "REST")
    assert group(await ask(system, at, "MONTH"))["count"] == 11  # the hidden days together are of 5 companies
    assert group(await ask(system, at, "WEEK"))["count"] == 6


async def test_a_day_in_the_rest_of_its_month_stands_alone_no_more(system: System) -> None:
    """Though enough events of it come after all: else what the rest has of it would fall out by subtraction."""
    at = midday(system)
    day = at - timedelta(days=1)
    for number, moment in ((5, at), (2, day), (3, at - timedelta(days=2))):
        await companies_use(system, number, moment)
    system.clock.move(days=70)
    await published(system, "REST")
    system.clock.move(days=-70)
    await companies_use(system, 5, day)
    assert group(await ask(system, day, "DAY"))["hidden"]


async def test_two_readings_of_a_day_differ_by_five_companies_or_by_nothing(system: System) -> None:
    """Late events of fewer companies wait for the next ones, event by event, until they are of five together."""
    at = midday(system)
    await companies_use(system, 5, at)
    await ask(system, at, "DAY")
    for late in range(4):
        await companies_use(system, 1, at)
        shown = group(await ask(system, at, "DAY"))
        assert (shown["count"], shown["companies"]) == (5, 5), late
    await companies_use(system, 1, at)
    for interval in ("DAY", "WEEK", "MONTH"):
        shown = group(await ask(system, at, interval))
        assert (shown["count"], shown["companies"]) == (10, 10), interval


async def test_a_day_in_many_small_steps_of_one_company_shows_none(system: System) -> None:
    """However often one company sends, it is one company."""
    at = midday(system)
    first = (await companies_use(system, 5, at))[0]
    await ask(system, at, "DAY")
    token = system.token(Role.COMPANY_ADMIN, new_id(), first)
    for _ in range(6):
        await send(system, [created(at, new_id())], token)
        assert group(await ask(system, at, "DAY"))["count"] == 5


async def test_a_day_is_not_published_before_it_is_over(system: System) -> None:
    """Of today nothing shows; after midnight all of it does, though nothing else has happened."""
    now = system.clock()
    await companies_use(system, 6, now)
    assert group(await ask(system, now, "DAY"))["hidden"]
    system.clock.move(days=1)
    await published(system, "DAY")
    assert group(await ask(system, now, "DAY"))["count"] == 6


async def test_an_erased_company_does_not_fall_out_by_subtraction(system: System) -> None:
    """What was published stays, and nothing tells what of it was theirs, then or with the next events."""
    at = midday(system)
    first, *_ = await companies_use(system, 6, at)
    before = await ask(system, at, "MONTH")
    await send(system, [created(at, new_id())], system.token(Role.COMPANY_ADMIN, new_id(), first))
    text = "mutation($id: ID!) { eraseCompany(id: $id) { id } }"
    profile = 'mutation { saveCompany(input: { license: "pro" }) { id } }'
    assert not (await system.ask(profile, token=system.token(Role.COMPANY_ADMIN, new_id(), first))).errors
    assert not (await system.ask(text, Role.PRIVACY_OFFICER, id=first)).errors
    assert await system.services.database["usage_buckets"].count_documents({"companyId": first}) == 0
    await companies_use(system, 1, at)
    assert group(await ask(system, at, "MONTH")) == group(before)


async def published(system: System, interval: str) -> None:
    """Wait until the clock has led to a number of the interval."""
    async with asyncio.timeout(10):
        cells = system.services.database["anonymous_usage"]
        while not await cells.find_one({"interval": interval}):  # noqa: ASYNC110 - done in the background
            await asyncio.sleep(0.05)


async def test_anonymous_store_links_to_nothing(system: System) -> None:
    """No value of the anonymous store identifies anything anywhere else."""
    at = midday(system)
    for company in await companies_use(system, 6, at):
        await send(system, [team(at)], system.token(Role.COMPANY_ADMIN, new_id(), company))
    assert not group(await ask(system, at, "MONTH"), "TEAM_CREATED")["hidden"]
    database = system.services.database
    anonymous = {text for cell in await database["anonymous_usage"].find({}).to_list(None) for text in texts(cell)}
    for name in set(await database.raw.list_collection_names()) - {"anonymous_usage"}:
        for document in await database[name].find({}).to_list(None):
            for field in IDENTIFYING:
                assert not anonymous & set(texts(document.get(field))), (name, field)
    fields = {key for cell in await database["anonymous_usage"].find({}).to_list(None) for key in cell}
    assert fields == {"_id", "interval", "start", "event", "hidden", "count", "companies", "daysLeftOut", "turn"}


def texts(value: object) -> Iterator[str]:
    """All texts and ids inside a stored value."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, str):
        yield from value.split("/")
    elif value is not None:
        yield str(value)


async def test_customers_see_their_own_dashboard_and_nothing_of_another_by_any_argument(system: System) -> None:
    """Another company answers exactly like one that does not exist; the vendor's store is not for customers."""
    at = midday(system)
    first, second = await companies_use(system, 2, at)
    span: dict[str, Any] = {"from": (at - timedelta(days=1)).isoformat(), "to": (at + timedelta(days=1)).isoformat()}
    token = system.token(Role.COMPANY_ADMIN, new_id(), first)
    own = await system.ask(DASHBOARD, token=token, **span)
    assert own.data["usageDashboard"]["totals"]["requestsCreated"] == 1
    assert (await system.ask(DASHBOARD, token=token, company=first, **span)).data == own.data
    others = [await system.ask(DASHBOARD, token=token, company=company, **span) for company in (second, "NOBODY", "")]
    assert [reply.codes for reply in others] == [["NOT_FOUND"]] * 3
    assert others[0].body == others[1].body
    assert (await system.ask(ANONYMOUS, token=token, interval="DAY", **span)).codes == ["FORBIDDEN"]
