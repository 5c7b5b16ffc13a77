"""What scripts/serve prints when everything is ready: where to go, whom to be, what to ask first."""

import json
from dataclasses import dataclass
from pathlib import Path

from auth.development import DevelopmentIssuer, demo_user_id
from auth.principal import Role
from scripts.commands.exits import ROOT


@dataclass(frozen=True, slots=True)
class FirstQuery:
    """One query to paste: what it shows, and as whom."""

    shows: str
    role: Role
    query: str


_PROFILE = "profile { ... on AuthenticatedProfile { intercomId name license } }"
PLAIN = FirstQuery("who you are, and what the notice lists", Role.SUPPORT, "{ me { roles } dataPractices { version } }")
# User 1 of company 0 has asked for help, and the demo's agent has taken the request (scripts/demo_data/support.py).
OPENED = FirstQuery(
    "a UPN, opened through a support request that this agent has taken (and receipted)",
    Role.SUPPORT,
    f'{{ user(id: "{demo_user_id(0, 1)}") {{ {_PROFILE} }} }}',
)
REFUSED = FirstQuery(
    "the same about somebody who has not asked for help: null, with the reason and what would open it",
    Role.SUPPORT,
    f'{{ user(id: "{demo_user_id(1, 1)}") {{ {_PROFILE} }} }}',
)


def welcome(url: str, data: Path, *, has_explorer: bool, is_development: bool, has_demo: bool) -> str:
    """Give the text, tokens included in development."""
    explorer = f"{url}/graphql" if has_explorer else "not built, see above (the API itself works)"
    lines = ["", f"API       {url}/graphql", f"Explorer  {explorer}"]
    if is_development:
        issuer = DevelopmentIssuer(data)
        lines += ["", "Tokens, good for 8 hours (scripts/token makes more):"]
        lines += [f"\n{role.value}\n{issuer.sign(role)}" for role in Role]
        lines += ["", "First queries to paste, in a shell, or what stands in `query` in the explorer:"]
        for first in (OPENED, REFUSED) if has_demo else (PLAIN,):
            lines += ["", f"# {first.shows}", _curl(url, data, first)]
    return "\n".join([*lines, "", "Ctrl-C stops everything."])


def _curl(url: str, data: Path, first: FirstQuery) -> str:
    folder = "" if data == ROOT / ".data" else f" --data '{data}'"
    return (
        f"curl -s {url}/graphql -H 'Content-Type: application/json' \\\n"
        f'  -H "Authorization: Bearer $(scripts/token --role {first.role.value}{folder})" \\\n'
        f"  -d '{json.dumps({'query': first.query})}'"
    )
