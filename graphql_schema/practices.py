"""The notice as it is served: versioned, dated, diffable (P12, P13)."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import strawberry
from strawberry import ID

from app.errors import not_found
from app.practices import CURRENT_VERSION, PRACTICES, Category, Group, Item, Notice, diff, notice
from auth.principal import Role
from auth.rights import Action
from graphql_schema.guards import RestrictedKind, guarded, inherits
from graphql_schema.reading import stored


@strawberry.enum(description="The four categories of the notice.")
class DataCategory(StrEnum):
    """The four categories of the notice."""

    CENSUS = "CENSUS"
    USAGE = "USAGE"
    SUPPORT = "SUPPORT"
    ERROR = "ERROR"


@inherits
@strawberry.type(description="One thing that is collected.")
class PracticeItem:
    """An item of the notice, and the field that carries it."""

    name: str
    example: str
    note: str
    purpose: str
    retention: str = strawberry.field(description="How long it is kept.")
    retention_days: int | None = strawberry.field(description="The most in days; null: as long as the account.")
    visible_to: list[Role] = strawberry.field(description="The roles that may see it, each within its rights.")
    restricted: RestrictedKind | None
    coordinate: str = strawberry.field(description="The GraphQL coordinate that carries it.")


@inherits
@strawberry.type(description="What is collected together, under the notice's own heading, such as one event.")
class PracticeGroup:
    """Items of a category that belong together; of some nothing is collected."""

    id: ID
    title: str
    text: str
    items: list[PracticeItem]


@inherits
@strawberry.type(description="One category of data.")
class PracticeCategory:
    """A category of the notice with its items."""

    id: DataCategory
    name: str
    title: str
    description: str
    identifies_organization: bool
    identifies_users: bool
    on_by_default: bool
    can_be_turned_off: bool = strawberry.field(description="By admins or end users.")
    retention: str
    statements: list[str]
    groups: list[PracticeGroup]
    items: list[PracticeItem] = strawberry.field(description="Those of all groups.")


@inherits
@strawberry.type(description="A promise of the notice and what in the system keeps it.")
class Promise:
    """A promise in the notice's words."""

    id: ID
    statement: str
    enforced_by: str


@inherits
@strawberry.type(description="What a version changed against the one before.")
class PracticesDifference:
    """Names of items and ids of categories and promises."""

    added: list[str]
    removed: list[str]
    changed: list[str]


@inherits
@strawberry.type(description="A version of the notice.")
class DataPractices:
    """The notice as data."""

    version: str
    date: date
    last_updated: str = strawberry.field(description="The date as the notice prints it.")
    publisher: str
    title: str
    introduction: list[str]
    note: str
    is_current: bool
    versions: list[str] = strawberry.field(description="All versions, oldest first.")
    changes: PracticesDifference | None = strawberry.field(
        description="Against the version before; null for the first."
    )
    promises: list[Promise]
    categories: list[PracticeCategory]


@strawberry.type
class PracticesQueries:
    """The notice."""

    @guarded(Action.READ_PRACTICES)
    def data_practices(
        self,
        version: Annotated[
            str | None, strawberry.argument(description="A version; the current one if not given.")
        ] = None,
    ) -> DataPractices:
        """What is collected, why, for how long, and who may see it."""
        found = notice(version)
        if found is None:
            raise not_found("version of the notice")
        return stored(_describe(found))


def _describe(found: Notice) -> dict[str, object]:
    versions = list(PRACTICES)
    place = versions.index(found.version)
    return {
        "version": found.version,
        "date": found.date,
        "lastUpdated": found.last_updated,
        "publisher": found.publisher,
        "title": found.title,
        "introduction": found.introduction,
        "note": found.note,
        "isCurrent": found.version == CURRENT_VERSION,
        "versions": versions,
        "changes": diff(PRACTICES[versions[place - 1]], found) if place else None,
        "promises": found.promises,
        "categories": [_describe_category(category) for category in found.categories],
    }


def _describe_category(category: Category) -> dict[str, object]:
    return {
        "_id": category.id,
        "name": category.title,
        "title": category.title,
        "description": category.description,
        "identifiesOrganization": category.identifies_organization,
        "identifiesUsers": category.identifies_users,
        "onByDefault": category.on_by_default,
        "canBeTurnedOff": category.can_be_turned_off,
        "retention": category.retention,
        "statements": category.statements,
        "groups": [_describe_group(group) for group in category.groups],
        "items": [_describe_item(item) for item in category.items],
    }


def _describe_group(group: Group) -> dict[str, object]:
    items = [_describe_item(item) for item in group.items]
    return {"_id": group.id, "title": group.title, "text": group.text, "items": items}


def _describe_item(item: Item) -> dict[str, object]:
    return {
        "name": item.name,
        "example": item.example,
        "note": item.note,
        "purpose": item.purpose,
        "retention": item.retention,
        "retentionDays": item.retention_days,
        "visibleTo": [Role(role) for role in item.seen_by],
        "restricted": item.restricted,
        "coordinate": item.coordinate,
    }
