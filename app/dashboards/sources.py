"""Where a dashboard's buckets come from: the stored ones of a company, or ones folded on the spot for a person.

Both hold the same kind of documents, made by `app/usage/folding.py`, so all that reads them is written once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from app.dashboards.periods import Period
from app.database.client import Database, Document
from app.errors import bad_input
from app.usage.buckets import BUCKETS, REQUESTS
from app.usage.folding import Additions, BucketKind, day_of
from app.usage.timeline import waits_of

OWN_EVENTS_MAX = 20_000


class BucketSource(Protocol):
    """What gives the buckets of some days."""

    async def find(self, kind: BucketKind, days: Sequence[datetime], fields: Sequence[str]) -> list[Document]:
        """Return the buckets of the kind on these UTC days with these fields; possibly several of one day."""
        ...

    async def sum_templates(self, days: Sequence[datetime]) -> list[Document]:
        """Return for each template its `counts` over these days and its latest name."""
        ...


@dataclass(frozen=True, slots=True)
class StoredBuckets:
    """The buckets of a company."""

    database: Database
    company_id: str

    async def find(self, kind: BucketKind, days: Sequence[datetime], fields: Sequence[str]) -> list[Document]:
        """Return the buckets of these days."""
        if not days:
            return []
        query = {"companyId": self.company_id, "kind": kind.value, "day": {"$in": list(days)}}
        cursor = self.database[BUCKETS].find(query, {"_id": 0, "day": 1, **dict.fromkeys(fields, 1)})
        rows: list[Document] = await cursor.to_list(None)
        return rows

    async def sum_templates(self, days: Sequence[datetime]) -> list[Document]:
        """Return the sums of each template, added up by MongoDB."""
        if not days:
            return []
        query = {"companyId": self.company_id, "kind": BucketKind.TEMPLATE.value, "day": {"$in": list(days)}}
        names = ("REQUEST_CREATED", "TEAM_CREATED")
        sums = {name: {"$sum": f"$counts.{name}"} for name in names}
        group = {"$group": {"_id": "$templateId", **sums, "named": {"$max": "$named"}}}
        rows = await self.database.aggregate(BUCKETS, [{"$match": query}, group])
        return [
            {"templateId": row["_id"], "named": row["named"], "counts": {name: row[name] for name in names}}
            for row in rows
        ]


@dataclass(frozen=True, slots=True)
class FoldedBuckets:
    """Buckets in memory."""

    buckets: Sequence[Document]

    async def find(self, kind: BucketKind, days: Sequence[datetime], fields: Sequence[str]) -> list[Document]:
        """Return the buckets of these days, with all of their fields."""
        del fields
        wanted = set(days)
        return [bucket for bucket in self.buckets if bucket["kind"] == kind and bucket["day"] in wanted]

    async def sum_templates(self, days: Sequence[datetime]) -> list[Document]:
        """Return the sums of each template."""
        sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        names: dict[str, Document] = {}
        for bucket in await self.find(BucketKind.TEMPLATE, days, ()):
            template_id = bucket["templateId"]
            for name, number in bucket["counts"].items():
                sums[template_id][name] += number
            names[template_id] = max(names.get(template_id) or bucket["named"], bucket["named"], key=_by_time)
        return [{"templateId": key, "counts": counts, "named": names[key]} for key, counts in sums.items()]


def _by_time(named: Mapping[str, Any]) -> tuple[datetime, str]:
    return named["at"], named["name"]


async def fold_own(database: Database, company_id: str, person_id: str, span: Period) -> FoldedBuckets:
    """Return the buckets of one person: the events that they sent and those of requests that they created.

    Read from the events, since buckets are a company's; at most 20 000, else `BAD_USER_INPUT`.
    """
    own = {"companyId": company_id, "userIds": person_id}
    requests = await database[REQUESTS].find(own).limit(OWN_EVENTS_MAX).to_list(OWN_EVENTS_MAX)
    moments = {"$gte": day_of(span.start), "$lt": span.end}
    either = [{"userId": person_id}, {"requestId": {"$in": [request["requestId"] for request in requests]}}]
    query = {"companyId": company_id, "occurredAt": moments, "$or": either}
    events = await database["events"].find(query).limit(OWN_EVENTS_MAX + 1).to_list(OWN_EVENTS_MAX + 1)
    if len(events) > OWN_EVENTS_MAX:
        raise bad_input("from", f"be later: the range holds more than {OWN_EVENTS_MAX} events of your own")
    additions = Additions()
    for event in events:
        additions.add_event(event)
    for request in requests:
        for wait in waits_of(request):
            additions.add_wait(company_id, wait)
    return FoldedBuckets(additions.buckets())
