"""Census records for tests, and how they are sent."""

import uuid
from collections.abc import Mapping
from typing import Any

from tests.harness.system import Reply, System

RECORD = """mutation ($records: [CensusInput!]!) {
  recordCensus(records: $records) { accepted duplicates rejected { index id field code message } }
}"""


def make_record(system: System, **changes: object) -> dict[str, Any]:
    """Return a good record with the changes that a test asks for."""
    return {
        "recordId": uuid.uuid4().hex,
        "appName": "SalesTim Automation",
        "deviceModel": "iPhone",
        "osName": "iPhoneiOS",
        "osVersion": "8.3",
        "userLanguage": "EN-US",
        "userId": str(uuid.uuid4()),
        "sessionId": str(uuid.uuid4()),
        "recordedAt": system.clock().isoformat(),
        **changes,
    }


async def send(system: System, *records: Mapping[str, Any], **who: Any) -> Reply:  # noqa: ANN401 - role or token
    """Record them and return the reply; the call itself must not fail."""
    reply = await system.ask(RECORD, who.pop("role", None), **who, records=list(records))
    assert reply.data is not None, reply.body
    return reply
