"""Users and companies in MongoDB; restricted values arrive here sealed and leave here sealed."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bson import Binary
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.database.client import Database, Document
from app.database.merging import MergedWork
from app.database.pages import Page, PageRequest, find_page
from app.database.rows import find_rows
from app.errors import unavailable
from app.profiles.model import ProfileKind

ROUNDS_MAX = 20
PAUSE_SECONDS = 0.01  # more in each round, 1.9 s at most in all


async def save_user(database: Database, key: Document, document: Document, on_insert: Document) -> Document:
    """Store a profile under `key`, replacing what was there; returns the stored user.

    A UPN may pass to another person of the company: the blind index then leaves the document that had it before. It
    leaves this one where the profile holds no UPN any more. Raises `UNAVAILABLE` where others take the same UPN
    again and again at the same moment.
    """
    # Hosts' clocks differ, and what was waiting may come in another order: first stays before last.
    seen = {"$max": {"lastSeenAt": document.pop("lastSeenAt")}, "$min": {"firstSeenAt": on_insert.pop("firstSeenAt")}}
    change: dict[str, Any] = {"$set": document, "$setOnInsert": on_insert, **seen}
    gone = {"expiresAt", "blindIndex"} - document.keys() - key.keys() - on_insert.keys()
    if gone:
        change["$unset"] = dict.fromkeys(sorted(gone), "")
    for number in range(ROUNDS_MAX):
        try:
            stored: Document = await database["users"].find_one_and_update(
                key, change, upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:
            await _release_blind_index(database, {**on_insert, **document})
            # Who takes it at the same moment releases it as well, so that nobody would come through.
            await asyncio.sleep(random.uniform(0, number * PAUSE_SECONDS))  # noqa: S311 - spreads them, hides nothing
        else:
            return stored
    raise unavailable("The profile is being saved by others at this moment. Try again shortly.")


async def delete_expired(database: Database, key: Document, now: datetime) -> None:
    """Delete the claim under `key` if its time is over."""
    await database["users"].delete_one({**key, "expiresAt": {"$lte": now}})


async def _release_blind_index(database: Database, document: Document) -> None:
    if "blindIndex" in document:
        holder = {name: document[name] for name in ("blindIndex", "kind", "verified")}
        await database["users"].update_one(holder, {"$unset": {"blindIndex": ""}})


async def save_company(
    database: Database, company_id: str, document: Document, *, tenant_is_told: bool = True
) -> Document:
    """Store a company, replacing what was there; returns it.

    `tenantSince` tells from when on it has been its tenant without a break: of two that say to be the same one, and
    prove nothing, the first is believed. Where nothing is told of a tenant, what it is found by stays.
    """
    of_tenant = ("tenantIndex", "tenantProven", "tenantSince")
    same = {"$eq": ["$tenantIndex", document.get("tenantIndex")]}
    since = {"$set": {"tenantSince": {"$cond": [same, "$tenantSince", document["collectedAt"]]}}}
    facts = {"$set": {name: {"$literal": value} for name, value in document.items()}}
    change: list[Document] = [since, facts] if "tenantIndex" in document else [facts]
    if tenant_is_told and "tenantIndex" not in document:
        change.append({"$unset": list(of_tenant)})
    stored: Document = await database["companies"].find_one_and_update(
        {"_id": company_id}, change, upsert=True, return_document=ReturnDocument.AFTER
    )
    return stored


async def find_company_of_tenant(database: Database, index: Binary) -> str | None:
    """Return the company that a tenant is: whose tokens prove it, else the one that has stated it the longest."""
    order = [("tenantProven", -1), ("tenantSince", 1), ("_id", 1)]
    rows: list[Document] = await database["companies"].find({"tenantIndex": index}).sort(order).limit(1).to_list(1)
    return str(rows[0]["_id"]) if rows else None


async def find_person(database: Database, person_id: str, within: Document) -> Document | None:
    """Return a person's user within what the caller may see: the authenticated one, else the identified."""
    query = {"$and": [{"$or": [{"personId": person_id}, {"_id": person_id}]}, within]}
    rows: list[Document] = await database["users"].find(query).sort([("kind", 1)]).limit(1).to_list(1)
    return rows[0] if rows else None


class PersonReads:
    """All users of a person, one a kind; what is asked for at the same moment, as by a list, goes out as one read."""

    def __init__(self, database: Database) -> None:
        """Name the database; nothing is read yet."""
        self._collection = database["users"]
        self._merged: MergedWork[str, list[Document]] = MergedWork(self._find)

    async def of(self, person_id: str) -> list[Document]:
        """Return them, the authenticated one first; which of them a caller may see is decided after."""
        return (await self._merged.run([person_id]))[0]

    async def _find(self, ids: Sequence[str]) -> list[list[Document]]:
        wanted = {"$in": sorted(set(ids))}
        rows = await find_rows(self._collection, {"$or": [{"personId": wanted}, {"_id": wanted}]}, sort=[("kind", 1)])
        found: dict[str, list[Document]] = defaultdict(list)
        for row in rows:
            found[row.get("personId") or row["_id"]].append(row)
        return [found[person_id] for person_id in ids]


async def find_users(database: Database, within: Document, kind: ProfileKind | None, page: PageRequest) -> Page:
    """Return one page of the users that lie within what the caller may see."""
    query = {**({"kind": kind.value} if kind else {}), **within}
    return await find_page(database["users"], query, page)


async def find_companies(database: Database, within: Document, page: PageRequest) -> Page:
    """Return one page of the companies that lie within what the caller may see."""
    return await find_page(database["companies"], within, page)
