"""GraphQL over HTTP to the letter: every audit of the npm package `graphql-http`, against a really running server."""

import json
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = HERE.parent / "clients"
AUDITS = 61


def test_all_audits_of_graphql_http_pass(live_server: str) -> None:
    """Also the optional ones: a warning counts as a failure."""
    node = shutil.which("node")
    assert node, "Node is needed (scripts/test installs the packages of tests/clients)"
    command = [node, str(HERE / "graphql_http_audit.mjs"), f"{live_server}/graphql", str(PACKAGES)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    results = json.loads(done.stdout)
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == AUDITS
