"""The scalars of the surface: RFC 3339 moments in UTC, ISO dates, upper-case UUIDs, IANA time zones.

A moment is served as a `datetime`; the JSON writer of the edge gives it its RFC 3339 form, once for all ways of
executing.
"""

import re
from datetime import date, datetime
from functools import lru_cache
from typing import NewType
from zoneinfo import available_timezones

import strawberry
from strawberry.types.scalar import ScalarDefinition

from app.clock import to_milliseconds

UuidText = NewType("UuidText", str)
TimeZoneName = NewType("TimeZoneName", str)

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)


def read_moment(value: object) -> datetime:
    """Return the moment in an RFC 3339 text, in UTC and whole milliseconds; raises `ValueError`."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return to_milliseconds(value)
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            return to_milliseconds(datetime.fromisoformat(value.upper()))
        except (ValueError, OverflowError):
            pass
    message = "DateTime must be an RFC 3339 moment with a zone, such as 2026-01-31T12:00:00Z"
    raise ValueError(message)


def read_uuid(value: object) -> UuidText:
    """Return a UUID in the notice's upper-case form; raises `ValueError`."""
    if isinstance(value, str) and _UUID.fullmatch(value):
        return UuidText(value.upper())
    message = "UUID must be 32 hexadecimal digits in groups of 8-4-4-4-12"
    raise ValueError(message)


def read_date(value: object) -> date:
    """Return an ISO date; raises `ValueError`."""
    if isinstance(value, str) and len(value) == len("2019-10-09"):
        return date.fromisoformat(value)
    message = "Date must be an ISO date such as 2019-10-09"
    raise ValueError(message)


_OF_THIS_MACHINE = {"localtime", "Factory"}  # files beside the zones that are no zones


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - _OF_THIS_MACHINE


def read_zone(value: object) -> TimeZoneName:
    """Return the name of an IANA time zone; raises `ValueError`."""
    if isinstance(value, str) and value in _zones():
        return TimeZoneName(value)
    message = "TimeZone must be an IANA name such as Europe/Paris"
    raise ValueError(message)


def _keep_moment(value: datetime) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        message = "DateTime cannot represent what is not a moment with a zone"
        raise TypeError(message)
    return value


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment: RFC 3339, answered in UTC.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=_keep_moment,
        parse_value=read_moment,
    ),
    date: strawberry.scalar(
        name="Date", description="An ISO 8601 date.", serialize=lambda value: value.isoformat(), parse_value=read_date
    ),
    UuidText: strawberry.scalar(
        name="UUID",
        description="A UUID; either case in, upper case out, as the notice writes it.",
        serialize=str,
        parse_value=read_uuid,
    ),
    TimeZoneName: strawberry.scalar(
        name="TimeZone", description="The name of an IANA time zone.", serialize=str, parse_value=read_zone
    ),
}
