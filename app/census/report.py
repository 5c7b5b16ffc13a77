"""The census by its dimensions: how many users and sessions, groups of fewer than 5 users hidden (P2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.census.model import whole_day
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
    database: Database, start: datetime, end: datetime, by: Sequence[CensusDimension]
) -> CensusReport:
    """Return the census of whole days (UTC); a user counts once, but twice across a rotation of the secret."""
    named: Document = {dimension.value: f"$_id.{dimension.value}" for dimension in by}
    facts: Document = {dimension.value: f"${dimension.value}" for dimension in by}
    stages: list[dict[str, Any]] = [
        {"$match": {"recordedAt": {"$gte": whole_day(start), "$lt": end}}},
        {
            "$group": {
                "_id": {**facts, "user": "$userId"},
                "sessions": {"$addToSet": "$sessionId"},
                "records": {"$sum": 1},
            }
        },
        {
            "$group": {
                "_id": named or None,
                "users": {"$sum": 1},
                "sessions": {"$sum": {"$size": "$sessions"}},
                "records": {"$sum": "$records"},
            }
        },
        {"$sort": {"users": -1, "_id": 1}},
        {"$limit": GROUPS_MAX},
    ]
    rows = await database.aggregate("census", stages, allowDiskUse=True)
    shown = [
        CensusGroup([row["_id"][dimension.value] for dimension in by], row["users"], row["sessions"], row["records"])
        for row in rows
        if row["users"] >= USERS_MIN
    ]
    return CensusReport(shown, has_hidden=len(shown) < len(rows))
