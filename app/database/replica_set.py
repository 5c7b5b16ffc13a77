"""Makes a lone mongod the primary of a replica set of one, which transactions and change streams need.

Promises that `ensure_primary` returns only when the node takes writes; starting and stopping the node is left to
`embedded`.
"""

import time
from collections.abc import Callable
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

REPLICA_SET = "dp0"
POLL_SECONDS = 0.02
NOT_YET_INITIALIZED = 94

Document = dict[str, Any]


class NotPrimaryError(RuntimeError):
    """The node did not become primary in time, or ended before."""


def ensure_primary(port: int, *, is_running: Callable[[], bool], timeout_seconds: float) -> None:
    """Initiate the set on first use, correct its port when that has changed, and wait until the node is primary.

    Raises:
        NotPrimaryError: the process ended or the time ran out.
    """
    deadline = time.monotonic() + timeout_seconds
    address = f"127.0.0.1:{port}"
    client: MongoClient[Document] = MongoClient(
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=250, heartbeatFrequencyMS=500
    )
    last: Exception | None = None
    with client:
        while is_running() and time.monotonic() < deadline:
            try:
                if _advance(client, address):
                    return
            except PyMongoError as error:
                last = error
            time.sleep(POLL_SECONDS)
    reason = "took too long" if is_running() else "ended"
    raise NotPrimaryError(f"mongod {reason} before it was primary ({last})")


def _advance(client: MongoClient[Document], address: str) -> bool:
    """Do the one step that is due; True when the node is primary under its right address."""
    hello = client.admin.command("hello")
    if hello.get("isWritablePrimary"):
        return hello.get("me") == address
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code == NOT_YET_INITIALIZED:
            client.admin.command("replSetInitiate", _first_config(address))
        return False
    if config["members"][0]["host"] != address:
        config["members"][0]["host"] = address
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)
    return False


def _first_config(address: str) -> Document:
    return {"_id": REPLICA_SET, "members": [{"_id": 0, "host": address}], "settings": {"electionTimeoutMillis": 500}}
