"""The first queries that scripts/serve prints do what they say, on the demo data that it loads."""

import shlex
from pathlib import Path

import httpx

from auth.development import DevelopmentIssuer
from auth.principal import Role
from scripts.commands.welcome import OPENED, PLAIN, REFUSED, FirstQuery, welcome
from tests.harness.live import LiveServer


def ask(live: LiveServer, first: FirstQuery) -> httpx.Response:
    """Send a first query as its role."""
    token = DevelopmentIssuer(Path(live.environment["DATA_DIR"])).sign(first.role)
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{live.url}/graphql", json={"query": first.query}, headers=headers)


def test_the_first_query_shows_a_upn(live: LiveServer) -> None:
    """The demo's agent has taken a request of this person."""
    body = ask(live, OPENED).json()
    assert "errors" not in body
    assert "@" in body["data"]["user"]["profile"]["intercomId"]


def test_the_second_is_refused_with_its_reason(live: LiveServer) -> None:
    """Restricted fields are null, the open one is there, and the error says what opens them."""
    body = ask(live, REFUSED).json()
    profile = body["data"]["user"]["profile"]
    assert (profile["intercomId"], profile["name"]) == (None, None)
    assert profile["license"]
    assert {error["extensions"]["code"] for error in body["errors"]} == {"SUPPORT_REQUEST_REQUIRED"}
    assert all("takeSupportRequest" in error["extensions"]["needs"] for error in body["errors"])


def test_what_is_printed_can_be_pasted(tmp_path: Path) -> None:
    """Each curl line is one command of a shell; without demo data nothing is promised that is not there."""
    text = welcome("http://x", tmp_path, has_explorer=True, is_development=True, has_demo=True)
    assert text.count("curl -s http://x/graphql") == 2
    command = text[text.index("curl") :].split("\n\n")[0].replace("$(", "(")
    assert shlex.split(command)[-1].startswith('{"query": ')
    bare = welcome("http://x", tmp_path, has_explorer=True, is_development=True, has_demo=False)
    assert PLAIN.shows in bare
    assert OPENED.shows not in bare
    production = welcome("http://x", tmp_path, has_explorer=True, is_development=False, has_demo=False)
    assert "curl" not in production
    assert all(role.value not in production for role in Role)
