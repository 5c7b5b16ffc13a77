"""What scripts/serve prints when everything is ready: where to go, whom to be, what to ask first."""

from pathlib import Path

from auth.development import DevelopmentIssuer
from auth.principal import Role
from scripts.commands.exits import ROOT

FIRST_QUERY = "{ me { roles } dataPractices { categories { title } } }"


def welcome(url: str, data: Path, *, has_explorer: bool, is_development: bool) -> str:
    """Give the text, tokens included in development."""
    explorer = f"{url}/graphql" if has_explorer else "not built, see above (the API itself works)"
    lines = ["", f"API       {url}/graphql", f"Explorer  {explorer}"]
    if is_development:
        issuer = DevelopmentIssuer(data)
        lines += ["", "Tokens, good for 8 hours (scripts/token makes more):"]
        lines += [f"\n{role.value}\n{issuer.sign(role)}" for role in Role]
        lines += ["", "A first query to paste:", "", _curl(url, data)]
    return "\n".join([*lines, "", "Ctrl-C stops everything."])


def _curl(url: str, data: Path) -> str:
    folder = "" if data == ROOT / ".data" else f" --data '{data}'"
    return (
        f"curl -s {url}/graphql -H 'Content-Type: application/json' \\\n"
        f'  -H "Authorization: Bearer $(scripts/token --role support{folder})" \\\n'
        f"""  -d '{{"query": "{FIRST_QUERY}"}}'"""
    )
