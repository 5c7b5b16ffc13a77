"""Reads of what is counted: groups of like errors, daily counts, quantiles; no texts but codes and operations.

For a company's admin these are the company's; for the vendor's staff and analysts those of all. A person's own groups
are counted from that person's living reports.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database.client import Database, Document
from app.database.pages import Page, PageRequest, find_page
from app.error_reports.day_keys import day_of
from app.error_reports.filters import ErrorFilter, ErrorsOf
from app.error_reports.model import ErrorKind
from app.error_reports.people import estimate
from app.error_reports.sketches import Quantiles, merge_bins, quantiles_of

SKETCHES_MAX = 20_000  # of one answer: 15 days of more than a thousand operations


async def find_groups(
    database: Database, owner: str, kind: ErrorKind | None, page: PageRequest, *, alive_after: datetime
) -> Page:
    """Return one page of the living groups of a company (or of `ALL`), those that began last first."""
    query: Document = {"owner": owner, "lastSeenAt": {"$gt": alive_after}}
    if kind is not None:
        query["kind"] = kind.value
    found = await find_page(database["error_groups"], query, page, sort_field="firstSeenAt")
    return Page([to_group(row) for row in found.nodes], found.has_next, found.sort_field)


def to_group(row: Document) -> Document:
    """Return a stored group with its people as a number."""
    return {**row, "affectedUsers": estimate(row.get("people", {}))}


async def find_own_groups(
    database: Database, of: ErrorsOf, wanted: ErrorFilter, page: PageRequest, *, alive_after: datetime
) -> Page:
    """Return the groups of one person's own reports, counted from these alone."""
    query = {**wanted.query(), **of.query(), "receivedAt": {"$gt": alive_after}}
    rows = await database.aggregate(
        "errors",
        [
            {"$match": query},
            {
                "$group": {
                    "_id": "$groupId",
                    "kind": {"$first": "$kind"},
                    "code": {"$first": "$code"},
                    "count": {"$sum": 1},
                    "firstSeenAt": {"$min": "$receivedAt"},
                    "lastSeenAt": {"$max": "$receivedAt"},
                }
            },
            *([{"$match": _after(page)}] if page.after else []),
            {"$sort": {"firstSeenAt": -1, "_id": -1}},
            {"$limit": page.first + 1},
        ],
    )
    nodes = [{**row, "groupId": row["_id"], "affectedUsers": 1} for row in rows[: page.first]]
    return Page(nodes, len(rows) > page.first, "firstSeenAt")


def _after(page: PageRequest) -> Document:
    moment, identity = page.after or (None, "")
    return {"$or": [{"firstSeenAt": {"$lt": moment}}, {"firstSeenAt": moment, "_id": {"$lt": identity}}]}


async def find_daily_counts(database: Database, owner: str, start: datetime, end: datetime) -> list[Document]:
    """Return how many reports of each kind were received on each day; all that remains after 15 days."""
    query = {"owner": owner, "day": {"$gte": day_of(start), "$lt": end}}
    rows = await database["error_daily"].find(query).sort([("day", 1), ("kind", 1)]).to_list(None)
    return [{**row, "day": row["day"].date()} for row in rows]


async def find_sign_in_failures(database: Database, owner: str, alive_after: datetime) -> list[Document]:
    """Return the sign-in failures of living groups by code, the most frequent first."""
    stages: list[Document] = [
        {"$match": {"owner": owner, "kind": ErrorKind.SIGN_IN.value, "lastSeenAt": {"$gt": alive_after}}},
        {"$group": {"_id": "$code", "count": {"$sum": "$count"}, "lastSeenAt": {"$max": "$lastSeenAt"}}},
        {"$sort": {"count": -1, "_id": 1}},
        {"$limit": 100},
    ]
    return [{**row, "code": row["_id"]} for row in await database.aggregate("error_groups", stages)]


@dataclass(slots=True)
class Timing:
    """How an operation did, under one version or all."""

    bins: dict[str, int]
    failed: int = 0

    def add(self, row: Document) -> None:
        """Add one stored sketch."""
        merge_bins(self.bins, row["bins"])
        self.failed += row.get("failed", 0)

    def as_document(self, **named: object) -> Document:
        """Return count, failures and quantiles."""
        found = quantiles_of(self.bins)
        return {**named, "count": found.count, "failed": self.failed, **in_milliseconds(found)}


def in_milliseconds(found: Quantiles) -> Document:
    """Return quantiles under the names of the surface."""
    return {"p50Ms": found.p50, "p90Ms": found.p90, "p99Ms": found.p99}


async def read_performance(
    database: Database, owner: str, start: datetime, end: datetime, *, alive_after: datetime
) -> Document:
    """Return durations by operation and version, and the quality of networks, from the sketches of living whole days.

    A day's sketch dies as a whole, when its first moment does: as soon as anything in it is too old.
    """
    query = {"owner": owner, "day": {"$gte": day_of(start), "$gt": alive_after, "$lt": end}}
    rows = await database["error_sketches"].find(query).limit(SKETCHES_MAX).to_list(None)
    by_measure: dict[str, list[Document]] = defaultdict(list)
    for row in rows:
        by_measure[row["measure"]].append(row)
    return {"operations": _operations(by_measure["DURATION"]), "network": _network(by_measure)}


def _operations(rows: list[Document]) -> list[Document]:
    found: dict[str, dict[str | None, Timing]] = defaultdict(lambda: defaultdict(lambda: Timing({})))
    whole: dict[str, Timing] = defaultdict(lambda: Timing({}))
    for row in rows:
        found[row["operation"]][row["appVersion"]].add(row)
        whole[row["operation"]].add(row)
    operations = [
        whole[operation].as_document(
            operation=operation,
            versions=[timing.as_document(appVersion=version) for version, timing in versions.items()],
        )
        for operation, versions in found.items()
    ]
    return sorted(operations, key=lambda each: (-each["count"], each["operation"]))


def _network(by_measure: dict[str, list[Document]]) -> Document:
    quality = by_measure["QUALITY"]
    return {
        "reports": sum(row["count"] for row in quality),
        "offline": sum(row.get("offline", 0) for row in quality),
        "connections": _shares(quality, "connection"),
        "effectiveTypes": _shares(quality, "effectiveType"),
        "roundTripMs": _merged(by_measure["ROUND_TRIP"]),
        "downlinkMbps": _merged(by_measure["DOWNLINK"]),
    }


def _shares(rows: list[Document], name: str) -> list[Document]:
    counts: dict[str, int] = {}
    for row in rows:
        merge_bins(counts, row.get(name, {}))
    return [{"name": value, "count": count} for value, count in sorted(counts.items(), key=lambda each: -each[1])]


def _merged(rows: list[Document]) -> Any:  # noqa: ANN401 - served by attribute
    bins: dict[str, int] = {}
    for row in rows:
        merge_bins(bins, row["bins"])
    return quantiles_of(bins)
