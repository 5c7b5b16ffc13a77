"""What a person does in the explorer, as words for tests; keeps each request and complaint that it saw."""

import json
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Page

# Runs before the page's own scripts: breaches of the policy are events, and some never reach the console.
WATCH_POLICY = """
globalThis.policyBreaches = [];
addEventListener("securitypolicyviolation", (e) => policyBreaches.push(`${e.effectiveDirective} ${e.blockedURI}`));
"""


@dataclass
class ExplorerBrowser:
    """One open explorer page."""

    page: Page
    base: str
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    async def open(cls, context: BrowserContext, base: str) -> Self:
        """The page at `base`/graphql with its editors on screen and the schema loaded."""
        opened = cls(await context.new_page(), base)
        opened.page.on("request", lambda request: opened.requested.append(request.url))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.on("console", opened._note)
        await opened.page.add_init_script(WATCH_POLICY)
        await opened.page.goto(f"{base}/graphql")
        await opened.page.locator(".graphiql-query-editor .view-line").first.wait_for()
        await opened.page.wait_for_load_state("networkidle")
        return opened

    def _note(self, line: ConsoleMessage) -> None:
        if line.type in {"error", "warning"}:
            self.complaints.append(line.text)

    @property
    def foreign_hosts(self) -> set[str]:
        """Hosts other than the server's that the page asked for anything."""
        own = urlsplit(self.base).netloc
        return {urlsplit(url).netloc for url in self.requested if not url.startswith(("data:", "blob:"))} - {own}

    async def policy_breaches(self) -> list[str]:
        """What the browser refused under the page's Content-Security-Policy."""
        breaches: list[str] = await self.page.evaluate("policyBreaches")
        return breaches

    async def choose_role(self, role: str) -> None:
        """Pick a role ("" for no token) as the sender of the next request."""
        async with self.page.expect_response("**/explorer/tokens"):
            await self.page.get_by_label("Role of the next request").select_option(role)

    async def open_tab(self, name: str) -> None:
        """Show the example of that operation name."""
        await self.page.get_by_role("tab", name=name).click()

    async def run(self, query: str | None = None) -> dict[str, Any]:
        """Run the query (the open tab's where None) and give the answer as the server sent it."""
        if query is not None:
            await self._type(query)
        async with self.page.expect_response("**/graphql") as answer:
            await self.page.get_by_role("button", name="Execute").click()
        result: dict[str, Any] = json.loads(await (await answer.value).text())
        return result

    async def start(self, operation: str) -> None:
        """Run that operation of a document that has several; its answers may be many."""
        button = self.page.get_by_role("button", name="Execute").and_(self.page.locator("[aria-haspopup=menu]"))
        await button.click()  # just after a change of tab it has no menu yet
        await self.page.get_by_role("menuitem", name=operation).click()

    async def watch(self, query: str) -> None:
        """Run a subscription, the only operation of its document."""
        await self._type(query)
        await self.page.get_by_role("button", name="Execute").click()

    async def stop(self) -> None:
        """Stop what runs."""
        await self.page.get_by_role("button", name="Stop query").click()

    async def use_token(self, token: str) -> None:
        """Send that token, whatever the role picker says, until a role is picked."""
        await self.page.get_by_role("button", name="Headers", exact=True).click()
        await self._write(
            "section[aria-label=Headers] .monaco-editor", json.dumps({"Authorization": f"Bearer {token}"})
        )

    async def _type(self, query: str) -> None:
        await self._write(".graphiql-query-editor .monaco-editor", query)

    async def _write(self, editor: str, text: str) -> None:
        await self.page.locator(editor).last.click()
        await self.page.keyboard.press("ControlOrMeta+A")
        await self.page.keyboard.insert_text(text)
        await self.page.keyboard.press("ControlOrMeta+Shift+End")  # closing braces that the editor added
        await self.page.keyboard.press("Delete")

    async def response_text(self, awaited: str) -> str:
        """The response pane's visible text, once it holds `awaited`."""
        pane = self.page.get_by_label("Result Window").or_(self.page.locator(".graphiql-response .view-lines")).first
        await pane.get_by_text(awaited).first.wait_for()
        return (await pane.inner_text()).replace("\xa0", " ")
