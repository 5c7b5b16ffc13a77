"""P3: the generated ids are hashed, so that they cannot be linked to a user."""

import re

from auth.principal import Role
from tests.app.census.records import make_record, send
from tests.app.error_reports.reports import ERRORS, make_report
from tests.app.error_reports.reports import send as send_reports
from tests.harness.system import System

SHAPE = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


async def test_raw_ids_are_stored_nowhere_and_hashes_have_the_notices_form(system: System) -> None:
    """Neither in the data nor in the secrets, in any spelling."""
    minted = (await system.ask("mutation { newAnonymousIds { userId sessionId } }")).data["newAnonymousIds"]
    await send(system, make_record(system, **minted), role=Role.USER)
    database = system.services.database
    held = ""
    for part in (database, database.secrets):
        for name in await part.raw.list_collection_names():
            held += str(await part[name].find({}).to_list(None)).upper()
    stored = await database["census"].find_one({})
    for name in ("userId", "sessionId"):
        assert minted[name] not in held
        assert minted[name].replace("-", "") not in held
        assert SHAPE.fullmatch(stored[name])


async def test_a_user_is_counted_within_a_period_and_not_followed_beyond(system: System) -> None:
    """The same raw id gives one hash before the secret rotates and another one after."""
    record = make_record(system)
    days = system.services.settings.census_rotation_days
    hashes = []
    for record_id, moved in (("a", 0), ("b", 0), ("c", days * 2)):
        system.clock.move(days=moved)
        sent = make_record(system, recordId=record_id, userId=record["userId"])
        await send(system, sent)
        hashes = [
            row["userId"]
            for row in await system.services.database["census"].find({}).sort("recordedAt", 1).to_list(None)
        ]
    assert hashes[0] == hashes[1] != hashes[2]


async def test_the_record_id_of_one_user_is_no_duplicate_of_anothers(system: System) -> None:
    """Record ids are each user's own: nobody keeps another's record out, or learns from the answer that it is there."""
    mine, others = make_record(system, recordId="1"), make_record(system, recordId="1")
    assert (await send(system, mine, others)).data["recordCensus"]["accepted"] == 2
    assert (await send(system, mine)).data["recordCensus"]["duplicates"] == 1


async def test_user_and_session_hash_differently(system: System) -> None:
    """The same raw value as user and as session gives two hashes that cannot be matched."""
    record = make_record(system)
    await send(system, {**record, "sessionId": record["userId"]})
    stored = await system.services.database["census"].find_one({})
    assert stored["userId"] != stored["sessionId"]


async def test_an_error_report_does_not_lead_from_a_person_to_their_census(system: System) -> None:
    """A client uses one session id for both; what staff read with the person's report is not it, nor its census hash."""
    record = make_record(system)
    session = record["sessionId"].upper()
    await send(system, record)
    for report_id in "ab":
        report = make_report(system, reportId=report_id, sessionId=session, message=f"session {session.lower()} ended")
        await send_reports(system, report, role=Role.USER)
    reply = await system.ask(ERRORS, Role.PRIVACY_OFFICER)
    (told,) = {node["sessionId"] for node in reply.data["errors"]["nodes"]}
    assert SHAPE.fullmatch(told)
    assert session not in str(reply.body).upper()
    await send(system, {**record, "recordId": "of the officer", "sessionId": told})
    hashes = await system.services.database["census"].distinct("sessionId")
    assert len(hashes) == 2
    assert told not in hashes
