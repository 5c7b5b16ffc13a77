"""A tenant id is removed wherever it stands for those whose own it is; for others every GUID is like any other."""

from app.error_reports.known_ids import ASKED_MAX
from auth.principal import Role
from tests.app.error_reports.reports import ERRORS, make_report, send
from tests.harness.people import OTHER_COMPANY, OTHER_PERSON
from tests.harness.system import System

TENANT = "2F1B0D3C-1111-4222-8333-123456789ABC"
OTHER = "7C9E6679-7425-40DE-944B-E07FC1F90AE7"
SAVE = "mutation ($input: CompanyInput!) { saveCompany(input: $input) { id } }"


async def test_a_companys_own_tenant_id_goes_and_other_ids_stay(system: System) -> None:
    """Known by keyed hash; a request's id helps support and stays; as a session or report id it goes too."""
    saved = await system.ask(SAVE, Role.COMPANY_ADMIN, input={"msTenantId": TENANT})
    assert saved.errors == []
    report = make_report(system, reportId=TENANT, message=f"call {TENANT.lower()} of {OTHER} failed", sessionId=TENANT)
    await send(system, report, role=Role.USER)
    (row,) = (await system.ask(ERRORS, Role.SUPPORT)).data["errors"]["nodes"]
    assert row["message"] == f"call [tenant-id] of {OTHER} failed"
    assert row["sessionId"] not in {None, TENANT}
    assert row["reportId"] != TENANT
    again = (await send(system, report, role=Role.USER)).data["recordErrors"]
    assert (again["accepted"], again["duplicates"]) == (0, 1)


async def test_a_report_does_not_tell_whether_a_tenant_is_a_customer(system: System) -> None:
    """What becomes of another company's tenant id is what becomes of any id, so that nobody can try ids."""
    await system.ask(SAVE, Role.COMPANY_ADMIN, input={"msTenantId": TENANT})
    token = system.token(Role.USER, OTHER_PERSON, OTHER_COMPANY)
    for tried in (TENANT, OTHER):
        tries = {"reportId": tried, "message": f"call {tried} failed", "log": [f"tenant {tried}"], "code": tried}
        await send(system, make_report(system, **tries), token=token)
    rows = (await system.ask(ERRORS, token=token)).data["errors"]["nodes"]
    told = [{name: str(row[name]) for name in ("reportId", "message", "log", "code")} for row in reversed(rows)]
    assert [value.replace(OTHER, TENANT) for value in told[1].values()] == list(told[0].values())


async def test_a_tenant_id_cannot_hide_behind_many_other_ids(system: System) -> None:
    """Of a batch with more ids than are asked for, the last one goes without being asked for."""
    tenant = "FFFFFFFF-1111-4222-8333-123456789ABC"
    await system.ask(SAVE, Role.COMPANY_ADMIN, input={"msTenantId": tenant})
    ids = [f"{number:08X}-1111-4222-8333-123456789ABC" for number in range(ASKED_MAX)]
    many = [make_report(system, log=[" ".join(ids[start : start + 200])]) for start in range(0, ASKED_MAX, 200)]
    await send(system, *many, make_report(system, message=f"call {tenant} failed"), role=Role.USER)
    rows = (await system.ask(ERRORS, Role.SUPPORT)).data["errors"]["nodes"]
    assert "call [tenant-id] failed" in {row["message"] for row in rows}


async def test_the_id_of_a_reports_session_goes_from_its_texts(system: System) -> None:
    """Census records come under the same session id, so nothing that tells of a person may quote it."""
    report = make_report(system, message=f"session {OTHER.lower()} ended", log=[f"at {OTHER}"], sessionId=OTHER)
    await send(system, report, role=Role.USER)
    (row,) = (await system.ask(ERRORS, Role.SUPPORT)).data["errors"]["nodes"]
    assert OTHER not in str(row).upper()


async def test_a_tenants_id_still_goes_where_the_text_calls_it_one(system: System) -> None:
    """Whoever sends it, also without a token."""
    await send(system, make_report(system, message=f"tenant {TENANT} is blocked"))
    (row,) = (await system.ask(ERRORS, Role.SUPPORT)).data["errors"]["nodes"]
    assert row["message"] == "tenant [tenant-id] is blocked"
