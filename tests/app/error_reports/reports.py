"""Reports for tests, and how they are sent."""

import uuid
from collections.abc import Mapping
from typing import Any

from tests.harness.system import Reply, System

RECORD = """mutation ($reports: [ErrorReportInput!]!) {
  recordErrors(reports: $reports) { accepted duplicates rejected { index id field code message } }
}"""
ERRORS = """query ($first: Int! = 50, $filter: ErrorFilter) { errors(first: $first, filter: $filter) { nodes {
  id reportId kind code message log sessionId truncated occurredAt receivedAt erasedAt ipAddress
  exception { type message stackTrace } performance { operation durationMs succeeded retries }
  device { model osName osVersion appVersion language memoryMb }
  network { connection effectiveType downlinkMbps roundTripMs online }
  scrubbed { path rule count } group { id count affectedUsers title } } } }"""


def make_report(system: System, **changes: object) -> dict[str, Any]:
    """Return a good report with the changes that a test asks for; a change of None leaves the field out."""
    report: dict[str, Any] = {
        "reportId": uuid.uuid4().hex,
        "occurredAt": system.clock().isoformat(),
        "kind": "EXCEPTION",
        "message": "It broke",
        **changes,
    }
    return {name: value for name, value in report.items() if value is not None}


async def send(system: System, *reports: Mapping[str, Any], **who: Any) -> Reply:  # noqa: ANN401 - role or token
    """Record the reports and return the reply; the call itself must not fail."""
    reply = await system.ask(RECORD, who.pop("role", None), **who, reports=list(reports))
    assert reply.data is not None, reply.body
    return reply
