"""Where a dashboard's buckets come from: the stored ones of a company, or ones folded on the spot for a person.

Both hold the same kind of documents, made by `app/usage/folding.py`, so all that reads them is written once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from app.dashboards.periods import Period
from app.dashboards.spans import Span
from app.database.client import Database, Document
from app.errors import bad_input
from app.usage.buckets import BUCKETS, REQUESTS
from app.usage.folding import QUARTERS, Additions, BucketKind, day_of
from app.usage.model import EventName
from app.usage.timeline import waits_of

OWN_EVENTS_MAX = 20_000
TEMPLATE_EVENTS = (EventName.REQUEST_CREATED.value, EventName.TEAM_CREATED.value)


class Read(NamedTuple):
    """What to read: the buckets of a kind on some UTC days, and of each only these (dotted) fields."""

    kind: BucketKind
    days: Sequence[datetime]
    fields: Sequence[str]


class BucketSource(Protocol):
    """What gives the buckets of some days."""

    async def find(self, reads: Sequence[Read]) -> list[list[Document]]:
        """Return for each read its buckets, possibly several of one day; fields that were not asked for may be in."""
        ...

    async def sum_templates(self, span: Span) -> list[Document]:
        """Return for each template its `counts` in the span and its latest name on the days that it touches."""
        ...


@dataclass(frozen=True, slots=True)
class StoredBuckets:
    """The buckets of a company; each call is one round trip, whatever it reads."""

    database: Database
    company_id: str

    async def find(self, reads: Sequence[Read]) -> list[list[Document]]:
        """Return the buckets of each read."""
        pipelines = [
            [
                self._match(read.kind, read.days),
                {"$project": {"_id": 0, "day": 1, "read": {"$literal": place}, **dict.fromkeys(read.fields, 1)}},
            ]
            for place, read in enumerate(reads)
            if read.days
        ]
        found: list[list[Document]] = [[] for _ in reads]
        for row in await self._union(pipelines, []):
            found[row["read"]].append(row)
        return found

    async def sum_templates(self, span: Span) -> list[Document]:
        """Return the sums of each template, added up by MongoDB."""
        parts = [(span.days, range(QUARTERS)), *(((day,), quarters) for day, quarters in span.edges.items())]
        pipelines = [
            [
                self._match(BucketKind.TEMPLATE, days),
                {"$project": {"templateId": 1, "named": 1, **{name: _within(name, part) for name in TEMPLATE_EVENTS}}},
            ]
            for days, part in parts
            if days
        ]
        sums = {name: {"$sum": f"${name}"} for name in TEMPLATE_EVENTS}
        group = {"$group": {"_id": "$templateId", **sums, "named": {"$max": "$named"}}}
        return [
            {"templateId": row["_id"], "named": row["named"], "counts": {name: row[name] for name in TEMPLATE_EVENTS}}
            for row in await self._union(pipelines, [group])
        ]

    def _match(self, kind: BucketKind, days: Sequence[datetime]) -> Document:
        return {"$match": {"companyId": self.company_id, "kind": kind.value, "day": {"$in": list(days)}}}

    async def _union(self, pipelines: Sequence[list[Document]], then: list[Document]) -> list[Document]:
        if not pipelines:
            return []
        first, *others = pipelines
        united = [{"$unionWith": {"coll": BUCKETS, "pipeline": pipeline}} for pipeline in others]
        return await self.database.aggregate(BUCKETS, [*first, *united, *then])


def _within(name: str, quarters: range) -> Any:  # noqa: ANN401 - an expression of MongoDB
    """Return what counts an event in these quarters of a day; from the rest of the day where that is less to read."""
    if len(quarters) <= QUARTERS // 2:
        return {"$sum": [f"$quarters.{name}.{quarter}" for quarter in quarters]}
    outside = [f"$quarters.{name}.{quarter}" for quarter in range(QUARTERS) if quarter not in quarters]
    return {"$subtract": [{"$sum": [f"$counts.{name}"]}, {"$sum": outside}]} if outside else f"$counts.{name}"


@dataclass(frozen=True, slots=True)
class FoldedBuckets:
    """Buckets in memory."""

    buckets: Sequence[Document]

    async def find(self, reads: Sequence[Read]) -> list[list[Document]]:
        """Return the buckets of each read, with all of their fields."""
        return [list(self._find(read.kind, read.days)) for read in reads]

    async def sum_templates(self, span: Span) -> list[Document]:
        """Return the sums of each template."""
        sums: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(TEMPLATE_EVENTS, 0))
        names: dict[str, Document] = {}
        for bucket in self._find(BucketKind.TEMPLATE, (*span.days, *span.edges)):
            template_id, inside = bucket["templateId"], span.edges.get(bucket["day"], range(QUARTERS))
            for name, by_quarter in bucket["quarters"].items():
                sums[template_id][name] += sum(n for quarter, n in by_quarter.items() if int(quarter) in inside)
            names[template_id] = max(names.get(template_id) or bucket["named"], bucket["named"], key=_by_time)
        return [{"templateId": key, "counts": counts, "named": names[key]} for key, counts in sums.items()]

    def _find(self, kind: BucketKind, days: Iterable[datetime]) -> Iterator[Document]:
        wanted = set(days)
        return (bucket for bucket in self.buckets if bucket["kind"] == kind and bucket["day"] in wanted)


def _by_time(named: Mapping[str, Any]) -> tuple[datetime, str]:
    return named["at"], named["name"]


async def fold_own(database: Database, company_id: str, person_id: str, span: Period) -> FoldedBuckets:
    """Return the buckets of one person: the events that they sent and those of requests that they had a part in.

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
