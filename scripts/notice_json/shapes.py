"""Which field of the API each key of the notice's JSON is. Pure.

Taken from the registry of the notice (`app/practices.py`), so that a new version of it needs no change here. Error
reports have no JSON in the notice; their keys are the API's own, in either spelling (`stackTrace`, `stack_trace`).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.error_reports.model import PARTS, WHOLE_NUMBERS
from app.practices import CURRENT, Group
from app.usage.model import EVENT_FIELDS, EventName


class Kind(StrEnum):
    """What a record is, which decides the mutation that takes it."""

    EVENT = "event"
    CENSUS = "census"
    ERROR = "error"
    IDENTIFIED = "identified"
    AUTHENTICATED = "authenticated"
    COMPANY = "company"


Fields = Mapping[str, str]  # the notice's key: the API's field


def _fields(group: Group) -> Fields:
    return {item.name.rpartition(".")[2]: item.coordinate.partition(".")[2] for item in group.items}


_GROUPS: Final = {group.id: group for category in CURRENT.categories for group in category.groups}
_ERROR_TEXTS: Final = ("kind", "code", "message", "log", "sessionId")

EVENTS: Final[Mapping[str, EventName]] = {name.key: name for name in EventName}
PROFILES: Final = (Kind.IDENTIFIED, Kind.AUTHENTICATED, Kind.COMPANY)
SHAPES: Final[Mapping[str, Fields]] = MappingProxyType(
    {
        **{key: _fields(_GROUPS[key]) for key in EVENTS},
        **{kind.value: _fields(_GROUPS[kind.value]) for kind in (Kind.CENSUS, *PROFILES)},
        Kind.ERROR.value: {name: name for name in (*_ERROR_TEXTS, *PARTS)},
    }
)
COUNTS: Final = frozenset(count for fields in EVENT_FIELDS.values() for count in fields.counts)
ERROR_PARTS: Final[Mapping[str, Fields]] = {part: {name: name for name in names} for part, names in PARTS.items()}
ERROR_NUMBERS: Final = frozenset({*WHOLE_NUMBERS, "durationMs", "downlinkMbps", "roundTripMs"})


def kind_of(key: str) -> Kind:
    """Return the kind of record that stands under a key of a line."""
    return Kind.EVENT if key in EVENTS else Kind(key)


def notice_key(key: str, field: str) -> str:
    """Return the notice's name for a field that the API names, as a path inside the line."""
    last = field.rpartition(".")[2]
    names = {api: name for name, api in SHAPES[key].items()}
    envelope = {"eventId": "id", "recordId": "id", "reportId": "id", "occurredAt": "time", "recordedAt": "time"}
    if key == Kind.ERROR:
        return envelope.get(last, f"{key}.{field}")
    return envelope.get(last) or (f"{key}.{names[last]}" if last in names else key)
