"""Subscriptions in the explorer: a real browser and the real server, whose open connections tell when a stream has ended."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from playwright.async_api import Browser

from app.database.embedded import EmbeddedMongod
from auth.development import DevelopmentIssuer
from auth.principal import Role
from tests.app.web.explorer_browser import ExplorerBrowser
from tests.harness.live import LiveServer, live_server_process
from tests.harness.usage import RECORD, created, new_id

WATCH = "subscription { usageChanged(days: 1) { totals { requestsCreated } } }"
ASK_FOR_HELP = 'mutation { openSupportRequest(input: { reason: "The team is missing" }) { id } }'


@pytest.fixture
async def admin(explorer: ExplorerBrowser) -> ExplorerBrowser:
    """The explorer with the token of a company's admin."""
    await explorer.choose_role("company_admin")
    return explorer


def issuer(live: LiveServer) -> DevelopmentIssuer:
    """The server's issuer."""
    return DevelopmentIssuer(Path(live.environment["DATA_DIR"]))


async def post(live: LiveServer, role: Role, query: str, **variables: object) -> None:
    """Change something as the role's person, beside the browser."""
    headers = {"Authorization": f"Bearer {issuer(live).sign(role)}"}
    async with httpx.AsyncClient(base_url=live.url, headers=headers) as client:
        answer = await client.post("/graphql", json={"query": query, "variables": variables})
        assert "errors" not in answer.json()


async def requests_created(explorer: ExplorerBrowser) -> int:
    """The number in the response pane."""
    found = re.search(r'"requestsCreated": (\d+)', await explorer.response_text("requestsCreated"))
    assert found
    return int(found[1])


def connections(live: LiveServer) -> int:
    """How many the server has; one that nobody uses is closed after five seconds."""
    port = urlsplit(live.url).port
    found = psutil.Process(live.process.pid).net_connections("tcp")
    return sum(1 for each in found if each.laddr.port == port and each.raddr)


async def until(holds: Callable[[], bool]) -> None:
    """Return once that holds: another process decides when."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - nothing here tells when
            await asyncio.sleep(0.05)


async def test_an_update_appears_and_stopping_ends_the_connection(admin: ExplorerBrowser, live: LiveServer) -> None:
    """What is recorded meanwhile counts within a second; after the stop the server holds nothing for this page."""
    await admin.watch(WATCH)
    before = await requests_created(admin)
    await post(live, Role.COMPANY_ADMIN, RECORD, events=[created(datetime.now(UTC), new_id())])
    await admin.response_text(f'"requestsCreated": {before + 1}')
    await until(lambda: connections(live) == 1)  # the stream's alone: those that nobody uses have gone
    await admin.stop()
    await until(lambda: connections(live) == 0)
    assert await requests_created(admin) == before + 1  # the answer stays, and nothing is said of a cut
    assert admin.complaints == []
    assert await admin.policy_breaches() == []


@pytest.mark.parametrize("leave", ["choose", "add", "close"])
async def test_a_stream_ends_with_its_tab(admin: ExplorerBrowser, live: LiveServer, leave: str) -> None:
    """Whichever way it is left; the tab that comes after it does not listen."""
    await admin.watch(WATCH)
    await requests_created(admin)
    await until(lambda: connections(live) == 1)
    match leave:
        case "choose":
            await admin.open_tab("MyUsage")
        case "add":
            await admin.page.get_by_role("button", name="New tab").click()
        case _:
            await admin.page.get_by_role("button", name="Close Tab").first.click()
    await until(lambda: connections(live) == 0)
    await admin.page.get_by_role("status").filter(has_text="Live").wait_for(state="detached")


async def test_the_chosen_operation_decides_how_it_is_sent(admin: ExplorerBrowser, live: LiveServer) -> None:
    """The example has two subscriptions and two mutations in one document."""
    await admin.open_tab("WatchUsage")
    await admin.start("RecordRequest")
    await admin.response_text('"accepted": 1')
    await admin.choose_role("support")
    await admin.start("WatchSupport")
    await admin.page.get_by_role("status").get_by_text("Nothing has changed yet").wait_for()
    await post(live, Role.USER, ASK_FOR_HELP)
    await admin.response_text("The team is missing")


async def test_a_role_without_the_right_is_told_what_it_needs(explorer: ExplorerBrowser) -> None:
    """An analyst watches no customer's usage: the code in the answer, the field in the list below it."""
    await explorer.choose_role("analyst")
    await explorer.watch(WATCH)
    await explorer.response_text("FORBIDDEN")
    assert "Subscription.usageChanged" in await explorer.page.get_by_label("Refused fields").inner_text()
    await explorer.page.get_by_role("button", name="Execute").wait_for()


async def test_a_bad_token_is_refused_before_the_stream(explorer: ExplorerBrowser) -> None:
    """What the server sent with its 401 is shown, and nothing runs on."""
    await explorer.use_token("nonsense")
    await explorer.watch(WATCH)
    assert "The token is not valid." in await explorer.response_text("UNAUTHENTICATED")
    await explorer.page.get_by_role("button", name="Execute").wait_for()


async def test_a_stream_that_outlives_its_token_says_so(explorer: ExplorerBrowser, live: LiveServer) -> None:
    """The first answer, and a few seconds later the end with its code."""
    await explorer.use_token(issuer(live).sign(Role.COMPANY_ADMIN, hours=8 / 3600))
    await explorer.watch(WATCH)
    await requests_created(explorer)
    await explorer.response_text("UNAUTHENTICATED")
    await explorer.page.get_by_role("button", name="Execute").wait_for()


@pytest.fixture
async def on_mortal(
    chromium: Browser, mongod: EmbeddedMongod, data_folder: Path
) -> AsyncIterator[tuple[ExplorerBrowser, LiveServer]]:
    """The explorer of a server that the test may kill."""
    context = await chromium.new_context()
    with live_server_process(mongod.uri, data_folder, demo=False) as server:
        yield await ExplorerBrowser.open(context, server.url), server
    await context.close()


async def test_a_cut_connection_is_told(on_mortal: tuple[ExplorerBrowser, LiveServer]) -> None:
    """A server that dies is no end of the changes; running again says that nobody is there."""
    explorer, server = on_mortal
    await explorer.choose_role("company_admin")
    await explorer.watch(WATCH)
    await requests_created(explorer)
    server.process.kill()
    await explorer.response_text("CONNECTION_CUT")
    await explorer.page.get_by_role("button", name="Execute").click()
    await explorer.response_text("UNREACHABLE")
