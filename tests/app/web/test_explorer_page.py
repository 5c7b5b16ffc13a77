"""The explorer as a newcomer meets it: a real browser, the real server, demo data."""

import json
from typing import Literal

import pytest

from tests.app.web.explorer_browser import ExplorerBrowser

PROFILES = """
query Profiles {
  users(first: 100, kind: IDENTIFIED) {
    nodes { profile { ... on IdentifiedProfile { msUpn } } }
  }
}
"""

TAKEN = """
query Taken {
  supportRequests(first: 5, status: TAKEN) { nodes { subject { id } company { id } } }
}
"""

# One person: the editor draws only the lines that are on screen, and who comes first in a longer list is chance.
PERSON = """
query Person {
  users(first: 1, companyId: "%s", kind: IDENTIFIED) {
    nodes { profile { ... on IdentifiedProfile { msUpn } } }
  }
}
"""

INJECTION = """
new Promise((done) => setTimeout(() => {  // a task of its own: inside evaluate itself, the debugger lifts the policy
  const script = document.createElement("script");
  script.textContent = "globalThis.inlineRan = true";
  document.body.append(script);
  let evalRan = true;
  try { eval("1"); } catch { evalRan = false; }
  setTimeout(() => done({ inline: Boolean(globalThis.inlineRan), eval: evalRan }), 0);
}, 0))
"""


async def test_page_opens_without_a_complaint_or_a_call_to_another_host(explorer: ExplorerBrowser) -> None:
    """All it needs comes from this server, and its own policy forbids none of it."""
    assert explorer.complaints == []
    assert explorer.foreign_hosts == set()
    assert await explorer.policy_breaches() == []


async def test_page_runs_neither_inline_scripts_nor_text_as_code(explorer: ExplorerBrowser) -> None:
    """The policy is in force: a script slipped into the page does not run, and eval is refused."""
    ran = await explorer.page.evaluate(INJECTION)
    assert ran == {"inline": False, "eval": False}
    assert [breach.split()[-1] for breach in await explorer.policy_breaches()] == ["inline", "eval"]


async def test_first_example_runs_without_a_token(explorer: ExplorerBrowser) -> None:
    """One press on the run button shows the notice."""
    answer = await explorer.run()
    assert "errors" not in answer
    assert answer["data"]["dataPractices"]["categories"]
    assert "categories" in await explorer.response_text("dataPractices")


@pytest.mark.parametrize(("first", "then", "theme"), [("light", "dark", "vs-dark"), ("dark", "light", "vs")])
async def test_editors_follow_the_colours_of_the_system(
    explorer: ExplorerBrowser, first: Literal["light", "dark"], then: Literal["light", "dark"], theme: str
) -> None:
    """At sunset too, while the page is open."""
    await explorer.page.emulate_media(color_scheme=first)
    await explorer.page.reload()
    await explorer.page.locator(".graphiql-query-editor .view-line").first.wait_for()
    await explorer.page.emulate_media(color_scheme=then)
    await explorer.page.locator(f".graphiql-query-editor .monaco-editor.{theme}").wait_for()


async def test_docs_pane_lists_the_schema(explorer: ExplorerBrowser) -> None:
    """The documentation names the root types and the profile types."""
    await explorer.page.get_by_role("button", name="Show Documentation Explorer").click()
    docs = explorer.page.locator(".graphiql-doc-explorer")
    await docs.get_by_role("link", name="Mutation", exact=True).wait_for()
    await docs.get_by_role("link", name="IdentifiedProfile", exact=True).wait_for()
    await docs.get_by_role("link", name="Query", exact=True).click()
    await docs.get_by_role("link", name="users", exact=True).wait_for()


@pytest.mark.parametrize("role", ["company_admin", "privacy_officer"])
async def test_upn_is_denied_to_other_roles_and_the_page_says_so(explorer: ExplorerBrowser, role: str) -> None:
    """Null, a coded error at its path, and a line under the answer that names the field and the code."""
    await explorer.choose_role(role)
    answer = await explorer.run(PROFILES)
    assert {node["profile"]["msUpn"] for node in answer["data"]["users"]["nodes"]} == {None}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}
    notice = explorer.page.get_by_label("Refused fields")
    await notice.get_by_text("users.nodes.profile.msUpn").wait_for()
    assert "FORBIDDEN" in await notice.inner_text()


async def test_upn_is_shown_to_the_support_agent_who_took_the_request(explorer: ExplorerBrowser) -> None:
    """A company of the demo data asked for help and the demo agent took it: its people's UPNs are in the answer."""
    await explorer.choose_role("support")
    taken = await explorer.run(TAKEN)
    requests = taken["data"]["supportRequests"]["nodes"]
    (company_id,) = [request["company"]["id"] for request in requests if request["subject"] is None]
    answer = await explorer.run(PERSON % company_id)
    (person,) = answer["data"]["users"]["nodes"]
    upn = person["profile"]["msUpn"]
    assert "@" in upn
    assert upn in await explorer.response_text(upn)


async def test_role_fills_the_headers_editor_of_every_tab(explorer: ExplorerBrowser) -> None:
    """The token can be read where it is sent from, and a change of tab does not change the sender."""
    await explorer.choose_role("support")
    await explorer.page.get_by_role("button", name="Headers", exact=True).click()
    headers = explorer.page.locator("section[aria-label=Headers] .view-lines").last
    await headers.get_by_text("Bearer").first.wait_for()
    await explorer.open_tab("SupportProfile")
    await headers.get_by_text("Bearer").first.wait_for()
    await explorer.choose_role("")
    await headers.get_by_text("Bearer").first.wait_for(state="detached")


async def test_tokens_are_neither_stored_nor_in_an_address(explorer: ExplorerBrowser) -> None:
    """After a run and a reload the token is in no storage and in no address; the role is chosen again."""
    await explorer.choose_role("support")
    await explorer.run()
    await explorer.page.reload()
    await explorer.page.locator(".graphiql-query-editor .view-line").first.wait_for()
    stored = json.dumps(await explorer.page.evaluate("[{...localStorage}, {...sessionStorage}]"))
    assert "Bearer" not in stored
    assert "eyJ" not in stored
    assert not [url for url in explorer.requested if "eyJ" in url]
    assert await explorer.page.get_by_label("Role of the next request").input_value() == "support"
