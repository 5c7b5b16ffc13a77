"""Records error reports: a report without a token keeps no address and no person (P10)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.database.batches import insert_batch
from app.database.client import Database
from app.error_reports.model import IpMode, keep_address, read_report
from app.ingest import IngestResult, Item, Malformed, check_batch, sort_items
from app.practices import CURRENT_VERSION
from auth.principal import Principal


async def record_errors(
    database: Database,
    principal: Principal,
    address: str | None,
    ip_mode: IpMode,
    reports: Sequence[Item | Malformed],
    now: datetime,
) -> IngestResult:
    """Store the good reports once each, stamped with the server's time, from which their 15 days run (P11)."""
    check_batch(reports, "reports")
    stamp: dict[str, Any] = {"receivedAt": now, "practicesVersion": CURRENT_VERSION}
    if principal.company_id is not None:
        stamp["companyId"] = principal.company_id
    if principal.user_id is not None:
        stamp["userId"] = principal.user_id
    kept = None if principal.is_anonymous else keep_address(address, ip_mode)
    if kept is not None:
        stamp["restricted"] = {"ipAddress": kept}
    documents, rejected = sort_items(reports, lambda item: {**read_report(item, now), **stamp}, "reportId")
    return await insert_batch(database, "errors", documents, rejected)
