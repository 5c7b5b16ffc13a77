"""Ranges are cut where the clocks of a zone say, and refused where they are too long."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.dashboards.periods import Interval, read_range
from app.errors import AppError

MOMENTS = some.integers(978_307_200, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(interval: Interval, start: str, end: str, zone: str) -> list[float]:
    """The lengths of the periods in hours."""
    periods = read_range(at(start), at(end), interval, zone).periods
    return [(period.end - period.start) / timedelta(hours=1) for period in periods]


def test_days_have_23_and_25_hours_when_the_clock_changes() -> None:
    """Paris in March and October 2026; Havana, where midnight itself comes twice or never."""
    assert hours(Interval.DAY, "2026-03-28T00:00", "2026-03-29T22:00", "Europe/Paris") == [24, 23]
    assert hours(Interval.DAY, "2026-10-24T22:00", "2026-10-25T23:00", "Europe/Paris") == [25]
    assert hours(Interval.DAY, "2026-03-08T12:00", "2026-03-08T13:00", "America/Havana") == [23]
    assert hours(Interval.DAY, "2026-11-01T12:00", "2026-11-01T13:00", "America/Havana") == [25]


def test_hours_follow_the_clock_where_it_shifts_by_half_an_hour() -> None:
    """Lord Howe Island: the hour of the change lasts 90 or 30 minutes, and all others begin at full hours."""
    assert 1.5 in hours(Interval.HOUR, "2026-04-04T12:00", "2026-04-04T18:00", "Australia/Lord_Howe")
    assert hours(Interval.HOUR, "2026-01-01T00:00", "2026-01-01T02:00", "Asia/Kathmandu") == [1, 1, 1]


def test_kathmandus_days_begin_at_a_quarter_to() -> None:
    """+05:45."""
    wanted = read_range(at("2026-01-01T18:15"), at("2026-01-02T18:15"), Interval.DAY, "Asia/Kathmandu")
    assert [period.start for period in wanted.periods] == [at("2026-01-01T18:15")]


@given(
    start=MOMENTS,
    minutes=some.integers(1, 60 * 24 * 80),
    interval=some.sampled_from(Interval),
    zone=some.sampled_from(
        ["UTC", "Europe/Paris", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia"]
    ),
)
def test_periods_cover_the_range_without_gaps(start: datetime, minutes: int, interval: Interval, zone: str) -> None:
    """Whatever is asked: one after the other, the first holds the start, the last the end, all on quarters."""
    wanted = read_range(start, start + timedelta(minutes=minutes), interval, zone)
    periods = wanted.periods
    assert periods[0].start <= wanted.whole.start < periods[0].end
    assert periods[-1].start < wanted.whole.end <= periods[-1].end
    assert [period.end for period in periods[:-1]] == [period.start for period in periods[1:]]
    assert all(period.start.minute % 15 == 0 and period.start < period.end for period in periods)
    assert wanted.whole.start <= start
    assert wanted.previous.end - wanted.previous.start == wanted.whole.end - wanted.whole.start


@pytest.mark.parametrize(
    ("start", "end", "interval", "field"),
    [
        ("2026-01-02T00:00", "2026-01-02T00:00", Interval.DAY, "to"),
        ("2020-01-01T00:00", "2026-01-01T00:00", Interval.MONTH, "to"),
        ("1999-01-01T00:00", "1999-02-01T00:00", Interval.DAY, "from"),
        ("2025-01-01T00:00", "2026-01-01T00:00", Interval.HOUR, "interval"),
    ],
)
def test_a_range_that_is_not_served_names_its_argument(start: str, end: str, interval: Interval, field: str) -> None:
    """Backwards, too long, long ago, too many hours."""
    with pytest.raises(AppError) as refusal:
        read_range(at(start), at(end), interval, "UTC")
    assert refusal.value.details["field"] == field


def test_25_months_are_served() -> None:
    """The longest range."""
    assert len(read_range(at("2023-12-01T00:00"), at("2026-01-01T00:00"), Interval.MONTH, "UTC").periods) == 25
