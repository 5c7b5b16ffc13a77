"""The three kinds of profile and the company, each with exactly the notice's fields (P8, P9). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.errors import AppError, ErrorCode, bad_input
from app.identity.reading import is_visible
from app.profiles.open_fields import check_open

TEXT_MAX = 256
Value = str | bool | None


class ProfileKind(StrEnum):
    """How the person uses the app: not logged in outside Teams, inside Teams, or logged in inside Teams."""

    ANONYMOUS = "ANONYMOUS"
    IDENTIFIED = "IDENTIFIED"
    AUTHENTICATED = "AUTHENTICATED"


@dataclass(frozen=True, slots=True)
class Shape:
    """The open and the restricted fields of one kind."""

    open: tuple[str, ...]
    restricted: tuple[str, ...]


PROFILE_SHAPES: Mapping[ProfileKind, Shape] = {
    ProfileKind.IDENTIFIED: Shape(
        ("locale", "theme", "environment", "version"),
        ("intercomId", "intercomEmail", "msUpn", "msTenantId", "msUserId"),
    ),
    ProfileKind.AUTHENTICATED: Shape(
        ("userId", "customerId", "msLocale", "license", "msIsTenantAdmin"),
        ("intercomId", "intercomEmail", "msEmail", "tld", "name"),
    ),
}
NAMING_SOMEBODY = ("msUpn", "intercomId", "intercomEmail", "msUserId")
COMPANY_SHAPE = Shape(
    ("companyId", "license"), ("companyName", "msTenantId", "msTenantInitialDomain", "msTenantDefaultDomain")
)


@dataclass(frozen=True, slots=True)
class Split:
    """A given profile, parted into what is open and what is to be sealed."""

    open: dict[str, Value]
    restricted: dict[str, str]


def split_fields(shape: Shape, given: Mapping[str, Value]) -> Split:
    """Part the given values, exactly as sent; raises `BAD_USER_INPUT` for a text that its field does not take."""
    for name in (*shape.open, *shape.restricted):
        value = given.get(name)
        if isinstance(value, str) and (len(value) > TEXT_MAX or "\x00" in value):
            raise bad_input(name, f"have at most {TEXT_MAX} characters and no NUL")
        if isinstance(value, str) and name in shape.open:
            check_open(name, value)
    opened: dict[str, Value] = {name: given.get(name) for name in shape.open}
    restricted = {name: str(given[name]) for name in shape.restricted if given.get(name) is not None}
    return Split(opened, restricted)


def check_identified(restricted: Mapping[str, str]) -> None:
    """Raise `BAD_USER_INPUT` for a profile that names nobody: about an anonymous person nothing is collected (P8).

    A tenant is no person, and blanks or invisible characters are no name.
    """
    if not any(is_visible(restricted.get(name, "")) for name in NAMING_SOMEBODY):
        raise AppError(
            ErrorCode.BAD_USER_INPUT,
            "An identified profile must name somebody; about an anonymous person no data is collected.",
            field="msUpn",
            needs=f"one of {', '.join(sorted(NAMING_SOMEBODY))}",
        )


def check_own(field: str, given: Value, own: str | None) -> None:
    """Raise `BAD_USER_INPUT` when an id in the input is stated and is not the one of the token."""
    if given and given != own:
        raise bad_input(field, "be empty or the id in your token")
