"""Which collections hold something of a person or of a company, how it is found, and which moment tells its age.

Not here, on purpose: census and anonymous usage hold nobody; access receipts stay; a person's events stay with their
company without the person, since its dashboards tell of the company (a test walks all collections and asks for each).
Of a person's errors the counts stay, and the registers that tell of about how many people a group is (`people.py`), in
which nobody finds an id without the installation's key. What is counted over all companies stays, without the company.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bson import ObjectId

from app.database.client import Document

Build = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Holding:
    """What of one collection goes; `unlink` takes the person out of documents that stay.

    `in_own_company` is false where a document's company need not be the person's. What is counted `of_reports` is
    counted anew instead while these are there, for it does not tell who came back from who was there before.
    """

    collection: str
    moment: str
    query: Build
    unlink: Build | None = None
    in_own_company: bool = True
    of_reports: bool = False

    def up_to(self, until: datetime) -> Document:
        """Return the part of a query that keeps to what is of a moment or before, by the times of who wrote it.

        An `_id` that MongoDB gave tells whole seconds, of which that of the moment itself is not taken.
        """
        if self.moment == "_id":
            return {"_id": {"$lt": ObjectId.from_datetime(until)}}
        return {self.moment: {"$lte": until}}


def _by(field: str) -> Build:
    return lambda whose: {field: whose}


def _forget_opener(_: str) -> Document:
    """A request about somebody else stays with whom it is about, without who asked and what they wrote."""
    return {"$set": {"openerId": "", "reason": ERASED_REASON, "ticket": None}, "$unset": {"openerPersonId": ""}}


ERASED_REASON = "(erased with the person who wrote it)"
PERSON_HOLDINGS = (
    Holding("users", "collectedAt", lambda whose: {"$or": [{"_id": whose}, {"personId": whose}]}),
    Holding("errors", "receivedAt", _by("userId")),
    Holding("support_requests", "openedAt", _by("subjectId")),
    Holding("support_requests", "openedAt", _by("openerPersonId"), _forget_opener, in_own_company=False),
    Holding("events", "receivedAt", _by("userId"), lambda _: {"$unset": {"userId": ""}}),
)
COMPANY_HOLDINGS = (
    Holding("companies", "collectedAt", _by("_id")),
    Holding("users", "collectedAt", _by("companyId")),
    Holding("events", "receivedAt", _by("companyId")),
    Holding("usage_buckets", "_id", _by("companyId")),  # its day may have begun before, and who came back is in it too
    Holding("errors", "receivedAt", _by("companyId")),
    Holding("error_groups", "firstSeenAt", _by("owner"), of_reports=True),
    Holding("error_daily", "day", _by("owner"), of_reports=True),
    Holding("error_sketches", "day", _by("owner"), of_reports=True),
    Holding("support_requests", "openedAt", _by("companyId")),
)
