"""A customer's tenant id is removed wherever it stands, though it is stored sealed."""

from auth.principal import Role
from tests.app.error_reports.reports import ERRORS, make_report, send
from tests.harness.system import System

TENANT = "2F1B0D3C-1111-4222-8333-123456789ABC"
OTHER = "7C9E6679-7425-40DE-944B-E07FC1F90AE7"
SAVE = "mutation ($input: CompanyInput!) { saveCompany(input: $input) { id } }"


async def test_a_customers_tenant_id_goes_and_other_ids_stay(system: System) -> None:
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
