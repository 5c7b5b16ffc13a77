"""A person's own copies: receipted before anything opens, once a day for each who asks."""

from datetime import timedelta

from app.receipts.store import RECEIPTS
from app.support.service import SupportService
from app.support.subject_access import OWN_COPIES, SubjectAccess
from tests.app.support.people import ABOUT_COMPANY, ADMIN, NOON, OTHER_ADMIN

FIELDS = ["Company.companyName"]


async def test_copies_of_a_day_share_a_receipt_but_not_with_somebody_else(service: SupportService) -> None:
    """Who asks again within a day adds none; somebody else, or the same the day after, has a receipt of their own."""
    access = SubjectAccess(service.database, service.vault, service.receipts)
    sealed = list((await service.vault.seal("COMPANY", {"companyName": "Contoso"})).values())
    for caller, at in (
        (ADMIN, NOON),
        (ADMIN, NOON + OWN_COPIES - timedelta(seconds=1)),
        (OTHER_ADMIN, NOON + timedelta(hours=1)),
        (ADMIN, NOON + OWN_COPIES),
    ):
        assert await access.open_own(caller, ABOUT_COMPANY, FIELDS, sealed, at) == ["Contoso"]
    told = await service.database[RECEIPTS].find().sort("_id", 1).to_list(None)
    assert [receipt["actor"] for receipt in told] == [ADMIN.subject, OTHER_ADMIN.subject, ADMIN.subject]
