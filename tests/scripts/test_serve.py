"""scripts/serve refuses what may not start before it starts anything, in one line."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from tests.harness.live import free_port

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "ENVIRONMENT": "production",
    "MONGODB_URI": "mongodb://127.0.0.1:1/?replicaSet=nowhere",
    "MASTER_KEY": b64encode(bytes(96)).decode(),
    "JWT_ISSUERS": json.dumps([{"issuer": "https://x.test", "audience": "a", "jwks_url": "https://x.test/jwks"}]),
}


@pytest.mark.parametrize(
    ("settings", "code", "named"),
    [
        ({**PRODUCTION, "MONGODB_URI": ""}, 77, "MONGODB_URI"),
        ({**PRODUCTION, "JWT_ISSUERS": ""}, 77, "JWT_ISSUERS"),
        ({**PRODUCTION, "JWT_ISSUERS": "nonsense"}, 77, "JWT_ISSUERS"),
        ({**PRODUCTION, "JWT_ISSUERS": "[]"}, 77, "JWT_ISSUERS"),
        ({"SUPPORT_RETENTION_DAYS": "inf"}, 2, "SUPPORT_RETENTION_DAYS"),
        ({**PRODUCTION, "MASTER_KEY": ""}, 77, "MASTER_KEY"),
        ({"ENVIRONMENT": "Production"}, 2, "ENVIRONMENT"),
        ({"ACCESS_HOURS": "many"}, 2, "ACCESS_HOURS"),
    ],
)
def test_a_server_that_may_not_start_is_refused_in_one_line(
    settings: dict[str, str], code: int, named: str, tmp_path: Path
) -> None:
    """Production without its own MongoDB, issuers or key, and wrong settings: no mongod, no data folder, no traceback."""
    data = tmp_path / "data"
    options = ["--port", str(free_port()), "--data", str(data), "--no-demo"]
    environment = {"PATH": os.environ["PATH"], **settings}
    command = [sys.executable, "-m", "scripts.commands.serve", *options]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert named in line
    assert not data.exists()
