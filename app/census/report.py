"""The census by its dimensions: how many users and sessions, groups of fewer than 5 users hidden (P2).

Promises that no sum or difference of the numbers of one range of days is about fewer than 5 users, whatever dimensions
are asked for. So each user counts once, with what they had last, and belongs to one part of at least 5 users: those
with the same five facts; where these are fewer, those of such who are alike but for their language, then their
version, and so on. A report is the sum of the parts that know its dimensions; what remains at the end counts nowhere.

Not promised: that reports of two ranges which overlap, or of one that still fills, differ by 5 users. One that fills
does so by the hour, so that nobody sees when a record came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.census.model import whole_day, whole_hour
from app.database.client import Database, Document

USERS_MIN = 5
GROUPS_MAX = 500
RANGE_MAX = timedelta(days=93)


class CensusDimension(StrEnum):
    """What the census may be divided by; the value is the stored field."""

    APP_NAME = "appName"
    DEVICE_MODEL = "deviceModel"
    OS_NAME = "osName"
    OS_VERSION = "osVersion"
    USER_LANGUAGE = "userLanguage"


# The fact that tells most people apart goes first; without the last one a group knows nothing but its size.
FORGOTTEN_FIRST = (
    CensusDimension.USER_LANGUAGE,
    CensusDimension.OS_VERSION,
    CensusDimension.DEVICE_MODEL,
    CensusDimension.OS_NAME,
    CensusDimension.APP_NAME,
)


@dataclass(frozen=True, slots=True)
class CensusGroup:
    """Users with the same values, in the order of the dimensions asked for."""

    values: list[str]
    users: int
    sessions: int
    records: int


@dataclass(frozen=True, slots=True)
class CensusReport:
    """The groups, largest first. What is hidden is not counted, so that it cannot be had by subtraction."""

    groups: list[CensusGroup]
    has_hidden: bool


async def read_report(
    database: Database, start: datetime, end: datetime, by: Sequence[CensusDimension], now: datetime
) -> CensusReport:
    """Return the census of whole days (UTC); a user counts once, but twice across a rotation of the secret."""
    stages = [
        {"$match": {"recordedAt": {"$gte": whole_day(start), "$lt": end}, "receivedAt": {"$lt": whole_hour(now)}}},
        *_users_by_facts(),
        *(_join_small(fact) for fact in FORGOTTEN_FIRST),
        _group({fact.value: f"$_id.{fact.value}" for fact in by} | {"stands": {"$gte": ["$users", USERS_MIN]}}),
        {"$sort": {"users": -1, "_id": 1}},
        {"$limit": GROUPS_MAX + 1},
    ]
    rows = await database.aggregate("census", stages, allowDiskUse=True)
    shown = [
        CensusGroup([row["_id"][fact.value] for fact in by], row["users"], row["sessions"], row["records"])
        for row in rows
        if row["_id"]["stands"] and all(row["_id"][fact.value] is not None for fact in by)
    ]
    return CensusReport(shown[:GROUPS_MAX], has_hidden=len(shown[:GROUPS_MAX]) < len(rows))


def _users_by_facts() -> list[Document]:
    last = {"recordedAt": -1, "receivedAt": -1, "_id": -1}
    facts = {fact.value: f"${fact.value}" for fact in CensusDimension}
    of_user = {
        "_id": "$userId",
        "facts": {"$top": {"sortBy": last, "output": facts}},
        "sessions": {"$addToSet": "$sessionId"},
        "records": {"$sum": 1},
    }
    counted = {"_id": "$facts", "users": {"$literal": 1}, "sessions": {"$size": "$sessions"}, "records": 1}
    return [{"$group": of_user}, {"$project": counted}, _group("$_id")]


def _join_small(forgotten: CensusDimension) -> Document:
    """Return the stage that joins the groups too small to stand with those alike but for one fact; it is then null."""
    known: Document = {fact.value: f"$_id.{fact.value}" for fact in CensusDimension}
    known[forgotten.value] = {"$cond": [{"$gte": ["$users", USERS_MIN]}, f"$_id.{forgotten.value}", None]}
    return _group(known)


def _group(key: Document | str) -> Document:
    return {"$group": {"_id": key, **{name: {"$sum": f"${name}"} for name in ("users", "sessions", "records")}}}
