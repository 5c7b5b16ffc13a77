"""Reads how much each template was used in a range."""

from collections import Counter, defaultdict
from datetime import datetime

from app.dashboards.periods import Period
from app.dashboards.sources import TEMPLATE_EVENTS, BucketSource, Read, fields_of
from app.dashboards.spans import span_of
from app.database.client import Document
from app.usage.folding import QUARTERS, BucketKind

Counts = Counter[str]


async def read_templates(source: BucketSource, whole: Period) -> list[Document]:
    """Return each template with its name and its counts within the range, the most requested first.

    The name is the latest one on the UTC days that the range touches.
    """
    counts: dict[str, Counts] = defaultdict(Counts)
    names: dict[str, tuple[datetime, str]] = {}
    for row, part in await _find(source, whole):
        key, named = row["templateId"], (row["named"]["at"], row["named"]["name"])
        counts[key].update(part)
        names[key] = max(names.get(key, named), named)
    rows = [
        {
            "templateId": key,
            "templateName": names[key][1],
            "requests": sums["REQUEST_CREATED"],
            "teams": sums["TEAM_CREATED"],
        }
        for key, sums in counts.items()
    ]
    used = [row for row in rows if row["requests"] or row["teams"]]
    return sorted(used, key=lambda row: (-row["requests"], -row["teams"], row["templateId"]))


async def _find(source: BucketSource, whole: Period) -> list[tuple[Document, dict[str, int]]]:
    """Return rows of templates, each with what it counts within the range."""
    span = span_of(whole)
    edges = [_Edge(inside) for inside in span.edges.values()]
    reads = [Read(BucketKind.TEMPLATE, (day,), edge.fields) for day, edge in zip(span.edges, edges, strict=True)]
    inner, *outer = await source.find([Read(BucketKind.TEMPLATE, span.days, by_template=True), *reads])
    found = [(row, row["counts"]) for row in inner]
    for edge, rows in zip(edges, outer, strict=True):
        found += [(row, edge.count(row)) for row in rows]
    return found


class _Edge:
    """A day of which only some quarters count: read by these, or by the others and the day's counts if that is less."""

    def __init__(self, inside: range) -> None:
        outside = [quarter for quarter in range(QUARTERS) if quarter not in inside]
        self._adds = len(inside) <= len(outside)
        self._slots = [f"{quarter}" for quarter in (inside if self._adds else outside)]

    @property
    def fields(self) -> list[str]:
        """What to read."""
        return ["templateId", "named", "counts", *fields_of("quarters", TEMPLATE_EVENTS, self._slots)]

    def count(self, row: Document) -> dict[str, int]:
        """Return what a bucket of the day counts in the quarters inside."""
        counts = {}
        for name in TEMPLATE_EVENTS:
            by_quarter = row["quarters"].get(name, {}) if "quarters" in row else {}
            number = sum(by_quarter.get(slot, 0) for slot in self._slots)
            counts[name] = number if self._adds else row["counts"].get(name, 0) - number
        return counts
