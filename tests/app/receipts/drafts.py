"""Drafts of receipts for the tests."""

from datetime import UTC, datetime

from app.receipts.model import ReceiptDraft

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def draft(at: datetime = NOON, **changes: object) -> ReceiptDraft:
    """Return a draft of a granted opening."""
    values: dict[str, object] = {
        "at": at,
        "actor": "issuer|agent",
        "role": "support",
        "fields": ("IdentifiedProfile.msUpn", "Company.companyName"),
        "granted": True,
        "reason": "A support request is taken.",
        "subject_id": "PERSON",
        "company_id": "COMPANY",
        "support_request_id": "request",
    }
    return ReceiptDraft(**{**values, **changes})  # type: ignore[arg-type]
