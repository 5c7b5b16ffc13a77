"""scripts/holdings: what is held, oldest and newest, what expires when."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from auth.principal import Role
from tests.app.error_reports.reports import make_report, send
from tests.harness.system import System

ROOT = Path(__file__).parents[2]


def run_holdings(system: System, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command on the test's own database."""
    settings = system.services.settings
    environment = {
        **os.environ,
        "MONGODB_URI": settings.mongodb_uri.get_secret_value(),
        "MONGODB_DATABASE": settings.mongodb_database,
    }
    command = [sys.executable, "-m", "scripts.commands.holdings", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


async def test_the_table_names_every_category_and_says_what_expires(system: System) -> None:
    """For people: a line for each collection."""
    await send(system, make_report(system), role=Role.USER)
    done = run_holdings(system)
    assert done.returncode == 0
    assert all(category in done.stdout for category in ("CENSUS", "USAGE", "SUPPORT", "ERROR"))
    line = next(line for line in done.stdout.splitlines() if " errors " in line)
    assert "15 days" in line


async def test_programs_get_json_and_a_failure_when_deletion_lags(system: System) -> None:
    """An operator's watch sees the lag in the exit code."""
    await send(system, make_report(system), role=Role.USER)
    errors = next(row for row in json.loads(run_holdings(system, "--json").stdout) if row["collection"] == "errors")
    assert (errors["records"], errors["lifeSeconds"], errors["lagSeconds"]) == (1, 15 * 86_400, 0)
    server = system.services.database.client.admin
    await server.command({"setParameter": 1, "ttlMonitorEnabled": False})  # else its minute may be over just now
    try:
        old = {"$set": {"receivedAt": system.clock() - timedelta(days=16)}}
        await system.services.database["errors"].update_many({}, old)
        assert run_holdings(system, "--json").returncode == 1
    finally:
        await server.command({"setParameter": 1, "ttlMonitorEnabled": True})
