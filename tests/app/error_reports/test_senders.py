"""Report ids are each sender's own: nobody's report is lost because somebody else has used its id."""

import uuid
from typing import Any

from auth.principal import Role
from tests.app.error_reports.reports import make_report, send
from tests.harness.system import System


async def record(system: System, report: dict[str, Any], **who: Any) -> tuple[int, int]:  # noqa: ANN401 - role or token
    """Return how many were accepted and how many were duplicates."""
    result = (await send(system, report, **who)).data["recordErrors"]
    return result["accepted"], result["duplicates"]


async def test_two_services_may_use_the_same_report_id(system: System) -> None:
    """Tokens of services name no person, and one of several companies no company either."""
    report = make_report(system, reportId="batch-1")
    for subject in ("first", "second"):
        token = system.token(Role.INGEST, sub=subject)
        assert await record(system, report, token=token) == (1, 0)
        assert await record(system, report, token=token) == (0, 1)
    assert await record(system, report) == (1, 0)


async def test_two_sessions_without_a_token_may_use_the_same_report_id(system: System) -> None:
    """A session tells its reports from others'; without one the moment does."""
    for _ in range(2):
        of_session = make_report(system, reportId="1", sessionId=str(uuid.uuid4()))
        of_nobody = make_report(system, reportId="1")
        for report in (of_session, of_nobody):
            assert await record(system, report) == (1, 0)
            assert await record(system, report) == (0, 1)


async def test_a_session_stands_in_clear_nowhere(system: System) -> None:
    """What tells senders apart joins no two reports: only the sealed payload says which are of one session."""
    session = str(uuid.uuid4())
    await send(system, *(make_report(system, sessionId=session) for _ in range(2)))
    stored = await system.services.database["errors"].find({}).to_list(None)
    assert len({row["sender"] for row in stored}) == 2
    reply = await system.ask("{ errors(first: 2) { nodes { sessionId } } }", Role.SUPPORT)
    (told,) = {node["sessionId"] for node in reply.data["errors"]["nodes"]}
    assert told not in str(stored)
