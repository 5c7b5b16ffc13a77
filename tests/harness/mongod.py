"""The real mongod of a test session.

Promises one fresh database server in a throw-away folder; which database a test uses in it is left to the fixtures.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.database.embedded import EmbeddedMongod


@contextmanager
def start_session_mongod(*, ttl_monitor_sleep_secs: int = 60) -> Iterator[EmbeddedMongod]:
    """Run a mongod in a folder of its own for the length of the `with` block, then remove both.

    A test of expiry asks for a `ttl_monitor_sleep_secs` of 1 on a mongod of its own.
    """
    data = Path(tempfile.mkdtemp(prefix="data-practices-test-"))
    try:
        mongod = EmbeddedMongod.start(data, ttl_monitor_sleep_secs=ttl_monitor_sleep_secs, checkpoint_secs=5)
        try:
            yield mongod
        finally:
            mongod.stop()
    finally:
        shutil.rmtree(data, ignore_errors=True)
