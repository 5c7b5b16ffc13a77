"""A built explorer and a real headless Chromium, once a session; the running server comes from `live_server` above."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.app.web.explorer_browser import ExplorerBrowser

BUILD = Path(__file__).parents[3] / "app" / "web" / "build"

# Nothing of Chromium's own may call out, so that each request seen is the page's.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session", autouse=True)
async def built_explorer() -> None:
    """The explorer in app/web/dist, current with its sources (returns at once where it is)."""
    build = await asyncio.create_subprocess_exec(str(BUILD), stderr=asyncio.subprocess.PIPE)
    _, words = await build.communicate()
    assert build.returncode == 0, words.decode()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One headless browser for all tests; each opens pages in a fresh context of its own."""
    async with async_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")  # else the one Playwright brought
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS, headless=True)
        yield browser
        await browser.close()


@pytest.fixture
async def explorer(chromium: Browser, live_server: str) -> AsyncIterator[ExplorerBrowser]:
    """The explorer, opened and ready, in a browser that has never been here."""
    context = await chromium.new_context(viewport={"width": 1440, "height": 900})
    yield await ExplorerBrowser.open(context, live_server)
    await context.close()
