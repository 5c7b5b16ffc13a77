"""Says in plain words why an item does not fit its input type: which field, what is expected, never the value sent.

graphql-core's own sentences quote the value; a rejection may be logged or shown by a client, so the value stays out. An
unknown field is named where it could be one: as GraphQL has names, at most 40 characters and 3 digits, which no address
and no id is.
"""

import re
from collections.abc import Callable, Mapping

from graphql import GraphQLInputType
from graphql.utilities import validate_input_value

from app.ingest import ID_MAX_CHARACTERS, Malformed

_Sentence = Callable[[re.Match[str]], tuple[str, str]]

# What graphql-core says, and (field below the path, what is expected) in our words.
_SENTENCES: tuple[tuple[re.Pattern[str], _Sentence], ...] = (
    (re.compile(r"include required field '(\w+)'"), lambda found: (found[1], "is required")),
    (
        re.compile(r"of type '(\w+)' not to include unknown field '(?:((?!(?:\w*\d){4})[A-Za-z_]\w{,39})')?", re.ASCII),
        lambda found: (
            (found[2], f"is no field of {found[1]}") if found[2] else ("", f"has a field that {found[1]} has not")
        ),
    ),
    (re.compile(r"encountered error '\w+ (must [^']*)'; found"), lambda found: ("", found[1])),
    (re.compile(r"^Within OneOf Input"), lambda _: ("", "must name exactly one field, with a value that is not null")),
    (re.compile(r"non-null type"), lambda _: ("", "must not be null")),
    (re.compile(r"in '(\w+)' enum|^Enum '(\w+)'"), lambda found: ("", f"must be a value of {found[1] or found[2]}")),
    (re.compile(r"^(\w+) cannot represent"), lambda found: ("", f"must be a value of type {found[1]}")),
    (re.compile(r"of type '(\w+)' to be an object"), lambda found: ("", f"must be an object of type {found[1]}")),
)


def explain_item(value: object, item_type: GraphQLInputType, id_field: str) -> Malformed:
    """Return the first fault of an item that does not fit its type."""
    faults: list[tuple[list[str | int], str]] = []

    def note(error: Exception, path: list[str | int]) -> None:
        faults.append((path, str(getattr(error, "message", error))))

    validate_input_value(value, item_type, note, hide_suggestions=True)
    path, message = faults[0] if faults else ([], "")
    below, expected = explain_fault(message)
    field = ".".join(map(str, [*path, below] if below else path)) or None
    return Malformed(f"{field or 'The item'} {expected}.", read_id(value, id_field), field)


def explain_fault(message: str) -> tuple[str, str]:
    """Return the field below the fault's path (or nothing) and what is expected of it, from graphql-core's sentence."""
    for pattern, sentence in _SENTENCES:
        found = pattern.search(message)
        if found:
            return sentence(found)
    return "", "does not fit its input type"


def read_id(value: object, id_field: str) -> str | None:
    """Return the id of an item as sent, if it can be read: at its top, or inside its one kind."""
    if not isinstance(value, Mapping):
        return None
    inner = value if id_field in value else next((part for part in value.values() if isinstance(part, Mapping)), {})
    found = inner.get(id_field)
    if type(found) is int:  # which an ID may be
        found = str(found)
    return found[:ID_MAX_CHARACTERS] if isinstance(found, str) else None
