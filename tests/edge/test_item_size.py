"""An item that is too large costs only itself, and is named by the id that it was sent with."""

from auth.principal import Role
from tests.app.error_reports.reports import make_report, send
from tests.harness.system import System

LOG = [f"{number:03} {'line ' * 31}" for number in range(200)]  # 32 000 characters, as many as are kept


async def test_a_report_that_is_too_large_is_rejected_by_its_id(system: System) -> None:
    """The client knows which one to send smaller; the one beside it is taken."""
    large = make_report(system, reportId="too large", log=LOG, message="word " * 1_000)
    taken = (await send(system, make_report(system), large, role=Role.USER)).data["recordErrors"]
    (rejection,) = taken["rejected"]
    assert (taken["accepted"], rejection["index"]) == (1, 1)
    assert (rejection["code"], rejection["id"]) == ("PAYLOAD_TOO_LARGE", "too large")
