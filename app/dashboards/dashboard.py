"""A usage dashboard: totals, series, funnel, rates, waits, templates and CSV of one range, all from the same buckets.

Numbers count events. A dashboard is as fresh as its reading: buckets change in the transaction that stores an event.
"""

import asyncio
import csv
import io
from dataclasses import dataclass, field
from datetime import datetime

from app.dashboards.periods import DashboardRange, Period
from app.dashboards.reading import Counts, read_counts
from app.dashboards.sources import BucketSource
from app.dashboards.templates import read_templates
from app.dashboards.waits import Quantiles, read_quantiles
from app.database.client import Document
from app.usage.model import EventName
from app.usage.timeline import Step

FIELDS = {
    "requestsCreated": EventName.REQUEST_CREATED,
    "requestsApproved": EventName.REQUEST_APPROVED,
    "requestsRejected": EventName.REQUEST_REJECTED,
    "requestsProcessed": EventName.REQUEST_PROCESSED,
    "requestErrors": EventName.REQUEST_ERROR,
    "teamsCreated": EventName.TEAM_CREATED,
}
FUNNEL = (EventName.REQUEST_CREATED, EventName.REQUEST_APPROVED, EventName.REQUEST_PROCESSED, EventName.TEAM_CREATED)
MEDIAN, NINE_TENTHS = 0.5, 0.9


@dataclass(slots=True, eq=False)
class Dashboard:
    """One dashboard; waits and templates are read when they are asked for, and once."""

    source: BucketSource
    range: DashboardRange
    as_of: datetime
    totals: Document
    previous: Document
    series: list[Document]
    _waits: asyncio.Future[Quantiles] | None = field(default=None, repr=False)
    _templates: asyncio.Future[list[Document]] | None = field(default=None, repr=False)

    @property
    def start(self) -> datetime:
        """The range's first moment."""
        return self.range.whole.start

    @property
    def end(self) -> datetime:
        """The first moment after the range."""
        return self.range.whole.end

    @property
    def funnel(self) -> list[Document]:
        """The steps from creation to team, each with its share of the first; null where nothing was created."""
        first = self.totals["requestsCreated"]
        by_name = {name: self.totals[key] for key, name in FIELDS.items()}
        return [
            {"event": name, "count": by_name[name], "share": by_name[name] / first if first else None}
            for name in FUNNEL
        ]

    @property
    def approval_rate(self) -> float | None:
        """Approvals among all decisions; None where none was taken."""
        approved, rejected = self.totals["requestsApproved"], self.totals["requestsRejected"]
        return approved / (approved + rejected) if approved + rejected else None

    @property
    def csv(self) -> str:
        """The series as CSV (RFC 4180), one line a period; no text that anybody typed stands in it.

        Moments are the zone's, with their distance from UTC, since a week that begins on Sunday at 22:00 says nothing.
        """
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["start", "end", *FIELDS])
        for point in self.series:
            start, end = (_moment(point[name].astimezone(self.range.zone)) for name in ("start", "end"))
            writer.writerow([start, end, *(point[key] for key in FIELDS)])
        return text.getvalue()

    async def wait_seconds(self, step: Step, share: float) -> float | None:
        """Return the median or the 90th percentile of the waits that ended in the range, within 1 %, or None."""
        if self._waits is None:
            self._waits = asyncio.ensure_future(read_quantiles(self.source, self.range.whole, (MEDIAN, NINE_TENTHS)))
        return (await asyncio.shield(self._waits))[step, share]

    async def templates(self, first: int) -> list[Document]:
        """Return the templates that were requested most."""
        if self._templates is None:
            self._templates = asyncio.ensure_future(read_templates(self.source, self.range.whole))
        return (await asyncio.shield(self._templates))[:first]


async def read_dashboard(source: BucketSource, wanted: DashboardRange, now: datetime) -> Dashboard:
    """Return the dashboard of a range."""
    previous, *counts = await read_counts(source, [wanted.previous, *_clip(wanted)])
    totals: Counts = sum(counts, Counts())
    series = [
        {"start": period.start, "end": period.end, **_numbers(count)}
        for period, count in zip(wanted.periods, counts, strict=True)
    ]
    return Dashboard(source, wanted, now, _numbers(totals), _numbers(previous), series)


def _clip(wanted: DashboardRange) -> list[Period]:
    """Return the periods without what lies outside of the range."""
    whole = wanted.whole
    return [Period(max(period.start, whole.start), min(period.end, whole.end)) for period in wanted.periods]


def _numbers(counts: Counts) -> Document:
    return {key: counts[name] for key, name in FIELDS.items()}


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
