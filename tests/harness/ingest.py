"""Runs scripts/ingest as a person would, against a really running server, and asks that server what it has."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from auth.development import DevelopmentIssuer
from auth.principal import Role
from tests.harness.live import ROOT, LiveServer


def ingest_command(file: Path, url: str, token: str | None, *options: str) -> Sequence[str]:
    """Return the command line."""
    given = ["--token", token] if token else []
    return [sys.executable, "-m", "scripts.commands.ingest", str(file), "--url", url, *given, *options]


@dataclass(frozen=True, slots=True)
class Ingesting:
    """One server, its token issuer, and a folder for files to send."""

    live: LiveServer
    issuer: DevelopmentIssuer
    folder: Path

    def token(self, role: Role, user_id: str | None = None, company_id: str | None = None) -> str:
        """Return a token that the server takes."""
        return self.issuer.sign(role, user_id, company_id)

    def write(self, name: str, *lines: str) -> Path:
        """Return a file with these lines."""
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    def run(self, file: Path, token: str | None, *options: str) -> subprocess.CompletedProcess[str]:
        """Send a file and return what the command says."""
        command = ingest_command(file, self.live.url, token, *options)
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    def ask(self, token: str, query: str, **variables: object) -> Any:  # noqa: ANN401 - any JSON
        """Return the data of an operation."""
        body = {"query": query, "variables": variables}
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.post(f"{self.live.url}/graphql", json=body, headers=headers, timeout=20).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]
