"""Support requests in MongoDB. Each change is one conditional update, so that of two agents exactly one wins."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pymongo import ReturnDocument

from app.database.client import Database, Document
from app.database.merging import MergedWork
from app.database.pages import Page, PageRequest, find_page
from app.support.model import SupportRequest, SupportRequestStatus

REQUESTS = "support_requests"
_NOBODY: Document = {"takenBy": None, "takenAt": None, "accessEndsAt": None}


async def insert_request(database: Database, request: SupportRequest) -> None:
    """Store a new request."""
    await database[REQUESTS].insert_one(request)


async def find_request(database: Database, request_id: str, within: Document) -> SupportRequest | None:
    """Return a request that lies within what the caller may see."""
    found: SupportRequest | None = await database[REQUESTS].find_one({"$and": [{"_id": request_id}, within]})
    return found


async def find_requests(
    database: Database, within: Document, status: SupportRequestStatus | None, page: PageRequest, now: datetime
) -> Page:
    """Return one page of the requests that lie within what the caller may see, the latest first."""
    query = {"$and": [within, _in_status(status, now)]} if status else within
    return await find_page(database[REQUESTS], query, page, "openedAt")


async def find_unfinished(database: Database, within: Document, now: datetime, limit: int) -> list[SupportRequest]:
    """Return those that are open or taken, the latest first; at most `limit`."""
    found = (
        database[REQUESTS].find({"$and": [within, _unfinished(now)]}).sort([("openedAt", -1), ("_id", -1)]).limit(limit)
    )
    requests: list[SupportRequest] = await found.to_list(limit)
    return requests


class TakenReads:
    """Which requests agents have: what operations ask at the same moment goes out as one read."""

    def __init__(self, database: Database) -> None:
        """Name the database; nothing is read yet."""
        self._database = database
        self._merged: MergedWork[tuple[str, datetime], list[SupportRequest]] = MergedWork(self._find)

    async def of(self, agent: str, now: datetime) -> list[SupportRequest]:
        """Return the requests that an agent has at this moment, as they are now."""
        return (await self._merged.run([(agent, now)]))[0]

    async def _find(self, asked: Sequence[tuple[str, datetime]]) -> list[list[SupportRequest]]:
        agents = sorted({agent for agent, _ in asked})
        since = min(now for _, now in asked)
        query = {"takenBy": {"$in": agents}, "status": SupportRequestStatus.TAKEN.value, "accessEndsAt": {"$gt": since}}
        rows = await self._database[REQUESTS].find(query).to_list(None)
        return [[row for row in rows if row["takenBy"] == agent and row["accessEndsAt"] > now] for agent, now in asked]


async def count_open_of(database: Database, opener: str, now: datetime) -> int:
    """Return how many requests of an opener are neither closed nor expired."""
    return int(await database[REQUESTS].count_documents({"openerId": opener, **_unfinished(now)}))


async def take_request(
    database: Database, request_id: str, agent: str, now: datetime, access: timedelta
) -> SupportRequest | None:
    """Give an open request to the agent; None if it is not open now. Access ends with the request at the latest."""
    change = {
        "status": SupportRequestStatus.TAKEN.value,
        "takenBy": {"$literal": agent},
        "takenAt": now,
        "accessEndsAt": {"$min": [now + access, "$expiresAt"]},
    }
    open_one = {"_id": request_id, **_in_status(SupportRequestStatus.OPEN, now)}
    return await _change(database, open_one, [{"$set": change}])


async def release_request(database: Database, request: SupportRequest, now: datetime) -> SupportRequest | None:
    """Take a request from the agent who has it; None if that has changed meanwhile."""
    same = {"takenBy": request["takenBy"], "takenAt": request["takenAt"]}
    held = {"_id": request["_id"], **_in_status(SupportRequestStatus.TAKEN, now), **same}
    return await _change(database, held, {"$set": {"status": SupportRequestStatus.OPEN.value, **_NOBODY}})


async def close_request(database: Database, request_id: str, now: datetime) -> SupportRequest | None:
    """Close a request for good; None if it is closed already. Who had it last stays noted."""
    unclosed = {"_id": request_id, "status": {"$ne": SupportRequestStatus.CLOSED.value}}
    return await _change(database, unclosed, {"$set": {"status": SupportRequestStatus.CLOSED.value, "closedAt": now}})


async def _change(database: Database, query: Document, change: Document | list[Document]) -> SupportRequest | None:
    changed: SupportRequest | None = await database[REQUESTS].find_one_and_update(
        query, change, return_document=ReturnDocument.AFTER
    )
    return changed


def _unfinished(now: datetime) -> Document:
    """Return the query of what is neither closed nor expired: open or taken."""
    return {"status": {"$ne": SupportRequestStatus.CLOSED.value}, "expiresAt": {"$gt": now}}


def _in_status(status: SupportRequestStatus, now: datetime) -> Document:
    """Return the query of what `status_at` says."""
    match status:
        case SupportRequestStatus.CLOSED:
            return {"status": status.value}
        case SupportRequestStatus.EXPIRED:
            return {"status": {"$ne": SupportRequestStatus.CLOSED.value}, "expiresAt": {"$lte": now}}
        case SupportRequestStatus.TAKEN:
            return {"status": status.value, "accessEndsAt": {"$gt": now}, "expiresAt": {"$gt": now}}
        case SupportRequestStatus.OPEN:
            ended = {"status": SupportRequestStatus.TAKEN.value, "accessEndsAt": {"$lte": now}}
            return {"expiresAt": {"$gt": now}, "$or": [{"status": status.value}, ended]}
