"""Which collections hold something of a person or of a company, how it is found, and which moment tells its age.

Not here, on purpose: census and anonymous usage hold nobody; access receipts stay; a person's events stay with their
company without the person, since its dashboards tell of the company (a test walks all collections and asks for each).
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.database.client import Document

Build = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Holding:
    """What of one collection goes; `unlink` takes the person out of documents that stay."""

    collection: str
    moment: str
    query: Build
    unlink: Build | None = None


def _by(field: str) -> Build:
    return lambda whose: {field: whose}


PERSON_HOLDINGS = (
    Holding("users", "firstSeenAt", lambda whose: {"$or": [{"_id": whose}, {"personId": whose}]}),
    Holding("errors", "receivedAt", _by("userId")),
    Holding("support_requests", "openedAt", _by("subjectId")),
    Holding("events", "receivedAt", _by("userId"), lambda _: {"$unset": {"userId": ""}}),
    Holding("requests", "lastReceivedAt", _by("userIds"), lambda whose: {"$pull": {"userIds": whose}}),
)
COMPANY_HOLDINGS = (
    Holding("companies", "collectedAt", _by("_id")),
    Holding("users", "firstSeenAt", _by("companyId")),
    Holding("events", "receivedAt", _by("companyId")),
    Holding("requests", "lastReceivedAt", _by("companyId")),
    Holding("usage_buckets", "day", _by("companyId")),
    Holding("errors", "receivedAt", _by("companyId")),
    Holding("error_groups", "firstSeenAt", _by("owner")),
    Holding("error_daily", "day", _by("owner")),
    Holding("error_sketches", "day", _by("owner")),
    Holding("support_requests", "openedAt", _by("companyId")),
)
