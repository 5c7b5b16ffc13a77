"""P2: census data does not identify an organisation or a user, and there is no way from it to one."""

from itertools import chain
from typing import Any

import pytest

from app.census.model import whole_day
from auth.development import DEMO_COMPANY_IDS
from auth.principal import Role
from tests.app.census.records import make_record, send
from tests.app.error_reports.reports import make_report
from tests.app.error_reports.reports import send as send_reports
from tests.harness.system import System

TEXTS = ("appName", "deviceModel", "osName", "osVersion", "userLanguage")
SHARED = {"practicesVersion"}  # says which notice held, not whose the record is
FACTS = set(TEXTS)


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize("value", ["bob@contoso.com", "contoso.onmicrosoft.com", "10.1.2.3", DEMO_COMPANY_IDS[0]])
async def test_an_identity_is_refused_naming_field_and_rule_without_the_value(
    system: System, field: str, value: str
) -> None:
    """In every text of the record; the good record beside it is taken."""
    reply = await send(system, make_record(system), make_record(system, **{field: value}), role=Role.USER)
    result = reply.data["recordCensus"]
    assert (result["accepted"], len(result["rejected"])) == (1, 1)
    assert (result["rejected"][0]["index"], result["rejected"][0]["field"]) == (1, field)
    assert value not in str(reply.body)


def values_of(document: Any) -> set[str]:  # noqa: ANN401 - any stored value
    """Return all values in a document that could join it to another."""
    if isinstance(document, dict):
        return set(chain.from_iterable(values_of(value) for name, value in document.items() if name not in SHARED))
    if isinstance(document, list):
        return set(chain.from_iterable(map(values_of, document)))
    return {str(document)} if not isinstance(document, bool | int | float) else set()


async def test_no_value_joins_a_census_record_to_anything_else(system: System) -> None:
    """The same person sends census and errors in the same breath: their records share no id, no time, nothing."""
    record = make_record(system)
    await send(system, record, role=Role.USER)
    session = record["sessionId"].upper()
    await send_reports(system, make_report(system, sessionId=session, device={"model": "iPhone"}), role=Role.USER)
    database = system.services.database
    census = values_of(
        {name: value for name, value in (await database["census"].find_one({})).items() if name not in FACTS}
    )
    others: set[str] = set()
    for part in (database, database.secrets):
        for name in await part.raw.list_collection_names():
            if name != "census":
                others |= values_of(await part[name].find({}).to_list(None))
    census.discard(str(whole_day(system.clock())))  # everybody's day, and its first hour
    assert len(census) >= 4  # the ids
    assert census & others == set()


async def test_a_record_is_the_same_whoever_sends_it(system: System) -> None:
    """With a token or without: nothing of the caller is stored."""
    for role in (None, Role.USER, Role.COMPANY_ADMIN, Role.INGEST):
        await send(system, make_record(system), role=role)
    stored = await system.services.database["census"].find({}).to_list(None)
    assert len({tuple(sorted(row)) for row in stored}) == 1
    assert not any(company in str(stored) for company in DEMO_COMPANY_IDS)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("userLanguage", "alice-hawking-contoso-com"),
        ("userLanguage", "en-5E872200-F546-4CCD-8F23"),
        ("deviceModel", "5E872200 F546 4CCD 8F23 AF5F507AA2DD"),
        ("osVersion", "192-168-1-10"),
        ("appName", "alice at contoso dot com"),
        ("osVersion", "8.3\nAlice"),
        ("appName", " "),
        ("osVersion", ""),
    ],
)
async def test_an_identity_in_another_shape_is_refused_too(system: System, field: str, value: str) -> None:
    """Tags without the shape of a language, other separators, second lines, and texts that say nothing."""
    result = (await send(system, make_record(system, **{field: value}))).data["recordCensus"]
    assert (result["accepted"], [rejection["field"] for rejection in result["rejected"]]) == (0, [field])


@pytest.mark.parametrize(
    "device",
    [
        ("iPhone14,2", "iPhoneiOS", "17.1.2", "es-419"),
        ("SM-G991B", "Android", "14", "sr-Latn-RS"),
        ("Surface Pro 7+", "Windows NT 10.0; Win64", "10.0.22621.1", "zh-Hant-TW"),
        ("ThinkPad X1 Carbon Gen 11", "Debian GNU/Linux", "6.1.0-18-amd64", "en_US"),
        ("MacBook Pro (16-inch, 2023)", "macOS", "14.2.1 (23C71)", "DE"),
    ],
)
async def test_real_devices_are_taken(system: System, device: tuple[str, str, str, str]) -> None:
    """What the notice asks for is no false alarm."""
    facts = dict(zip(("deviceModel", "osName", "osVersion", "userLanguage"), device, strict=True))
    assert (await send(system, make_record(system, **facts))).data["recordCensus"]["accepted"] == 1
