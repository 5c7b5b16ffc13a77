"""Which collections hold something of a person or of a company, how it is found, and which moment tells its age.

Not here, on purpose: census and anonymous usage hold nobody; access receipts stay; a person's events stay with their
company without the person, since its dashboards tell of the company (a test walks all collections and asks for each).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from app.database.client import Document
from app.ingest import AHEAD

Build = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Holding:
    """What of one collection goes; `unlink` takes the person out of documents that stay.

    A document's `moment` may lie `ahead` of the time at which it was made. `in_own_company` is false where a document's
    company need not be the person's.
    """

    collection: str
    moment: str
    query: Build
    unlink: Build | None = None
    ahead: timedelta = timedelta(0)
    in_own_company: bool = True


def _by(field: str) -> Build:
    return lambda whose: {field: whose}


def _forget_opener(_: str) -> Document:
    """A request about somebody else stays with whom it is about, without who asked and what they wrote."""
    return {"$set": {"openerId": "", "reason": ERASED_REASON, "ticket": None}, "$unset": {"openerPersonId": ""}}


ERASED_REASON = "(erased with the person who wrote it)"
PERSON_HOLDINGS = (
    Holding("users", "firstSeenAt", lambda whose: {"$or": [{"_id": whose}, {"personId": whose}]}),
    Holding("errors", "receivedAt", _by("userId")),
    Holding("support_requests", "openedAt", _by("subjectId")),
    Holding("support_requests", "openedAt", _by("openerPersonId"), _forget_opener, in_own_company=False),
    Holding("events", "receivedAt", _by("userId"), lambda _: {"$unset": {"userId": ""}}),
)
COMPANY_HOLDINGS = (
    Holding("companies", "collectedAt", _by("_id")),
    Holding("users", "firstSeenAt", _by("companyId")),
    Holding("events", "receivedAt", _by("companyId")),
    Holding("usage_buckets", "day", _by("companyId"), ahead=AHEAD),  # an event's time may lie in tomorrow
    Holding("errors", "receivedAt", _by("companyId")),
    Holding("error_groups", "firstSeenAt", _by("owner")),
    Holding("error_daily", "day", _by("owner")),
    Holding("error_sketches", "day", _by("owner")),
    Holding("support_requests", "openedAt", _by("companyId")),
)
