"""The notice as data: which data are collected, why, for how long, who may see them, and which field carries each.

Promises one place that states the notice in its own words, versioned and dated; the API, the validators and the tests
are held against it. Each version's text stands in `notice_<date>.json`. Enforces nothing itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Carrier:
    """Where an item goes: the GraphQL coordinate that serves it and `collection.field` where it is stored."""

    coordinate: str
    stored: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is collected, under the notice's own name.

    `retention` is how long it is kept, `retention_days` the most in days; None: for the life of the account. `seen_by`
    are role values, narrowed already where the item is restricted. `also` are further fields that carry the same item.
    """

    name: str
    example: str
    note: str
    purpose: str
    coordinate: str
    stored: str
    retention: str
    retention_days: int | None
    seen_by: tuple[str, ...]
    restricted: str | None
    also: tuple[Carrier, ...]

    @property
    def carriers(self) -> tuple[Carrier, ...]:
        """All fields that carry the item."""
        return (Carrier(self.coordinate, self.stored), *self.also)


@dataclass(frozen=True, slots=True)
class Group:
    """Items that are collected together, such as one event or one profile; `text` is what the notice says of them."""

    id: str
    title: str
    text: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """One of the notice's four kinds of data."""

    id: str
    title: str
    description: str
    identifies_organization: bool
    identifies_users: bool
    on_by_default: bool
    can_be_turned_off: bool
    retention: str
    statements: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """Everything that the category collects."""
        return tuple(item for group in self.groups for item in group.items)


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise in the notice's words, and what in the system keeps it."""

    id: str
    statement: str
    enforced_by: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One version of the notice; `last_updated` is the date as the notice prints it."""

    version: str
    date: date
    last_updated: str
    publisher: str
    title: str
    introduction: tuple[str, ...]
    note: str
    promises: tuple[Promise, ...]
    categories: tuple[Category, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """Everything that is collected."""
        return tuple(item for category in self.categories for item in category.items)


@dataclass(frozen=True, slots=True)
class NoticeDifference:
    """What a newer version of the notice changes, as names of items and ids of categories and promises."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def current() -> Notice:
    """Give the version under which data are collected now."""
    return PRACTICES[CURRENT_VERSION]


def notice(version: str | None = None) -> Notice | None:
    """Give one version (the current one for None), or None when there is no such version."""
    return current() if version is None else PRACTICES.get(version)


def diff(older: Notice, newer: Notice) -> NoticeDifference:
    """Tell what the newer version adds, removes and changes, in the order of the notice."""
    before, after = _parts(older), _parts(newer)
    return NoticeDifference(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(name for name in after if name in before and after[name] != before[name]),
    )


def _parts(notice: Notice) -> dict[str, object]:
    """Name the parts that are compared; a category's items count for themselves."""
    parts: dict[str, object] = {promise.id: promise for promise in notice.promises}
    for category in notice.categories:
        texts = tuple((group.id, group.title, group.text) for group in category.groups)
        parts[category.id] = (*_facts(category), texts)
        parts |= {item.name: item for item in category.items}
    return parts


def _facts(category: Category) -> tuple[object, ...]:
    return (
        category.title,
        category.description,
        category.identifies_organization,
        category.identifies_users,
        category.on_by_default,
        category.can_be_turned_off,
        category.retention,
        category.statements,
    )


def _read_notice(path: Path) -> Notice:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Notice(
        version=data["version"],
        date=date.fromisoformat(data["date"]),
        last_updated=data["lastUpdated"],
        publisher=data["publisher"],
        title=data["title"],
        introduction=tuple(data["introduction"]),
        note=data["note"],
        promises=tuple(Promise(each["id"], each["statement"], each["enforcedBy"]) for each in data["promises"]),
        categories=tuple(_read_category(each) for each in data["categories"]),
    )


def _read_category(data: Mapping[str, Any]) -> Category:
    return Category(
        id=data["id"],
        title=data["title"],
        description=data["description"],
        identifies_organization=data["identifiesOrganization"],
        identifies_users=data["identifiesUsers"],
        on_by_default=data["onByDefault"],
        can_be_turned_off=data["canBeTurnedOff"],
        retention=data["retention"],
        statements=tuple(data["statements"]),
        groups=tuple(
            Group(each["id"], each["title"], each["text"], tuple(_read_item(each, item) for item in each["items"]))
            for each in data["groups"]
        ),
    )


def _read_item(group: Mapping[str, Any], data: Mapping[str, Any]) -> Item:
    restricted, days = data.get("restricted"), data.get("retentionDays", group["retentionDays"])
    return Item(
        name=data["name"],
        example=data["example"],
        note=data["note"],
        purpose=data["purpose"],
        coordinate=data["coordinate"],
        stored=data["stored"],
        retention=data.get("retention") or group.get("retention") or _in_words(days),
        retention_days=days,
        seen_by=tuple(group["restrictedTo"] if restricted else data.get("seenBy", group["seenBy"])),
        restricted=restricted,
        also=tuple(Carrier(each["coordinate"], each["stored"]) for each in data.get("also", ())),
    )


def _in_words(days: int | None) -> str:
    return "as long as the account" if days is None else f"{days} days"


def _read_notices() -> Mapping[str, Notice]:
    notices = [_read_notice(path) for path in sorted(Path(__file__).parent.glob("notice_*.json"))]
    return MappingProxyType({each.version: each for each in sorted(notices, key=lambda each: each.date)})


PRACTICES: Final[Mapping[str, Notice]] = _read_notices()  # Oldest first.
CURRENT_VERSION: Final = [*PRACTICES][-1]
CURRENT: Final = PRACTICES[CURRENT_VERSION]
