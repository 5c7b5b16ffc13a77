"""Counts by period equal a count of the events, wherever the periods are cut."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from app.dashboards.periods import QUARTER, Period
from app.dashboards.reading import read_counts
from app.dashboards.sources import FoldedBuckets
from app.usage.folding import Additions
from app.usage.model import EventName

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 4
EVENTS = some.fixed_dictionaries(
    {
        "companyId": some.just("company"),
        "name": some.sampled_from([name.value for name in EventName]),
        "occurredAt": some.integers(0, DAYS * 86_400 - 1).map(lambda seconds: START + timedelta(seconds=seconds)),
    }
)
CUTS = some.lists(some.integers(0, DAYS * 96), min_size=2, max_size=40, unique=True).map(sorted)


@given(some.lists(EVENTS, max_size=80), CUTS)
async def test_each_event_is_counted_in_its_period(events: list[dict[str, Any]], cuts: list[int]) -> None:
    """Days that are not cut, cut once or many times, at hours and at quarters; events before and after all periods."""
    additions = Additions()
    for event in events:
        additions.add_event(event)
    bounds = [START + QUARTER * cut for cut in cuts]
    periods = [Period(start, end) for start, end in pairwise(bounds)]
    found = await read_counts(FoldedBuckets(additions.buckets()), periods)
    assert [+counts for counts in found] == [
        Counter(event["name"] for event in events if period.start <= event["occurredAt"] < period.end)
        for period in periods
    ]
