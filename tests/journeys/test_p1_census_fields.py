"""P1: the census collects the seven fields of the notice and no others."""

import pytest

from app.database.validators import VALIDATORS
from app.practices import CURRENT
from auth.principal import Role
from tests.app.census.records import RECORD, make_record, send
from tests.harness.system import System

NOTICE = next(category for category in CURRENT.categories if category.id == "CENSUS")
OWN = {"_id", "recordKey", "recordedAt", "receivedAt", "practicesVersion"}  # the record's own, nothing of anybody's


async def test_the_stored_record_holds_the_notices_fields_and_no_others(system: System) -> None:
    """Field by field, in the database itself and in what it accepts."""
    await send(system, make_record(system), role=Role.USER)
    stored = await system.services.database["census"].find_one({})
    listed = {item.stored.removeprefix("census.") for item in NOTICE.items}
    assert set(stored) == listed | OWN
    assert set(VALIDATORS["census"]["$jsonSchema"]["properties"]) == listed | OWN


@pytest.mark.parametrize("field", ["ip", "tenantId", "email", "companyId", "name"])
async def test_a_field_that_the_notice_does_not_list_is_refused(system: System, field: str) -> None:
    """An additional field costs its record, and is not stored."""
    reply = await system.ask(RECORD, records=[make_record(system, **{field: "x"})])
    assert reply.data["recordCensus"]["accepted"] == 0
    assert await system.services.database["census"].count_documents({}) == 0


async def test_a_record_sent_again_is_a_duplicate(system: System) -> None:
    """A client may send again after any doubt."""
    record = make_record(system)
    await send(system, record)
    assert (await send(system, record, make_record(system))).data["recordCensus"] == {
        "accepted": 1,
        "duplicates": 1,
        "rejected": [],
    }


async def test_record_ids_are_each_users_own(system: System) -> None:
    """Two users' clients that count their records from 1 lose nothing to each other."""
    for number in range(2):
        record = make_record(system, recordId="1")
        for repeated in range(2):
            result = (await send(system, record)).data["recordCensus"]
            assert (result["accepted"], result["duplicates"]) == (1 - repeated, repeated), number
    assert await system.services.database["census"].count_documents({}) == 2
