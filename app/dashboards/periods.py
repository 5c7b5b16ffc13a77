"""Cuts a range of time into hours, days, weeks or months of a time zone, right across changes of the clock. Pure.

All cuts stand on quarters of an hour in UTC: since 1972 every zone's midnight does. A day may have 23 or 25 hours; an
hour of the clock that comes twice is two hours. Weeks begin on Monday.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.errors import bad_input

QUARTER = timedelta(minutes=15)
MONTHS_MAX = 25
RANGE_MAX = timedelta(days=763)  # 25 months, of which two may hold a leap day, and an hour of the clock
POINTS_MAX = 2_000
FIRST_YEAR, LAST_YEAR = 2000, 2100


class Interval(StrEnum):
    """The step of a series."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to but not including `end`, both in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class DashboardRange:
    """What a dashboard is about: the range, its periods in a zone, and the range of equal length before it."""

    whole: Period
    previous: Period
    periods: tuple[Period, ...]
    zone: ZoneInfo


def read_range(start: datetime, end: datetime, interval: Interval, zone_name: str) -> DashboardRange:
    """Return the range widened to whole quarters of an hour, with its periods; raises `BAD_USER_INPUT`.

    The first and the last period are those that hold the range's ends; what is counted in them stays within the range.
    """
    if not FIRST_YEAR <= start.year < LAST_YEAR:
        raise bad_input("from", f"lie between the years {FIRST_YEAR} and {LAST_YEAR}")
    if end <= start:
        raise bad_input("to", "be later than from")
    if end - start > RANGE_MAX:
        raise bad_input("to", f"be at most {MONTHS_MAX} months later than from")
    whole = Period(floor_quarter(start), ceil_quarter(end))
    if interval is Interval.HOUR and whole.end - whole.start > timedelta(hours=POINTS_MAX):
        raise bad_input("interval", f"be DAY or longer for a range of more than {POINTS_MAX} hours")
    previous = Period(whole.start - (whole.end - whole.start), whole.start)
    zone = ZoneInfo(zone_name)
    return DashboardRange(whole, previous, tuple(cut(whole, interval, zone)), zone)


def floor_quarter(moment: datetime) -> datetime:
    """Return the quarter of an hour in which the moment lies."""
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def ceil_quarter(moment: datetime) -> datetime:
    """Return the next quarter of an hour, or the moment itself if it is one."""
    floor = floor_quarter(moment)
    return floor if floor == moment else floor + QUARTER


def cut(whole: Period, interval: Interval, zone: ZoneInfo) -> Iterator[Period]:
    """Give the periods of the zone that hold a part of the range, in order and without gaps."""
    starts = _hours(whole.start, zone) if interval is Interval.HOUR else _dates(whole.start, interval, zone)
    start = next(starts)
    while start < whole.end:
        following = next(starts)
        yield Period(start, following)
        start = following


def _hours(moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    while moment.astimezone(zone).minute:
        moment -= QUARTER
    while True:
        yield moment
        moment += QUARTER
        while moment.astimezone(zone).minute:  # some zones shift by half an hour
            moment += QUARTER


def _dates(moment: datetime, interval: Interval, zone: ZoneInfo) -> Iterator[datetime]:
    local = moment.astimezone(zone).date()
    match interval:
        case Interval.WEEK:
            local -= timedelta(days=local.weekday())
        case Interval.MONTH:
            local = local.replace(day=1)
    while True:
        yield midnight(local, zone)
        local = _next_date(local, interval)


def _next_date(local: date, interval: Interval) -> date:
    match interval:
        case Interval.MONTH:
            return (local + timedelta(days=31)).replace(day=1)
        case Interval.WEEK:
            return local + timedelta(days=7)
        case _:
            return local + timedelta(days=1)


def midnight(local: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of a local date in UTC; where midnight is skipped, the moment of the skip."""
    return datetime.combine(local, time(0), zone).astimezone(UTC)
