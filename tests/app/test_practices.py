"""The registry says all that the notice says: each key, table row, example, note and sentence of its text."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.database.indexes import DASHBOARD_DAYS
from app.practices import CURRENT, CURRENT_VERSION, PRACTICES, Category, Item, Notice, current, diff, notice
from app.settings import Settings
from auth.principal import Role

TEXT = (Path(__file__).parents[1] / "seed" / "data-collection-practices.txt").read_text(encoding="utf-8")
ITEMS = {item.name: item for item in CURRENT.items}
CATEGORIES = {category.id: category for category in CURRENT.categories}
CENSUS_ROWS = TEXT.split("Data type Example Notes\n")[1].split("\n\n")[0].splitlines()
USAGE_BLOCK, *PROFILE_BLOCKS = re.findall(r"^\{\n.*?^\}", TEXT, re.DOTALL | re.MULTILINE)
PROFILE_LINE = re.compile(r'"(\w+)": (?:\'([^\']*)\'|(\w+)),?\s*(?://\s*(.+))?')
RESTRICTED = {
    "identified": {
        "intercomId": "UPN", "intercomEmail": "UPN", "msUpn": "UPN", "msTenantId": "TENANT_ID",
        "msUserId": "DIRECTORY_ID",
    },
    "authenticated": {
        "intercomId": "UPN", "intercomEmail": "EMAIL", "msEmail": "EMAIL", "tld": "TENANT_DOMAIN",
        "name": "PERSON_NAME",
    },
    "company": {
        "companyName": "TENANT_DOMAIN", "msTenantId": "TENANT_ID", "msTenantInitialDomain": "TENANT_DOMAIN",
        "msTenantDefaultDomain": "TENANT_DOMAIN",
    },
    "error": {"IP address": "IP"},
}  # fmt: skip


def usage_fields() -> list[tuple[str, str]]:
    """Read (name, example) of each usage field off the notice's first block."""
    fields, event = [], ""
    for line in USAGE_BLOCK.splitlines():
        if opening := re.match(r"\s+(\w+): \{", line):
            event = opening[1]
        elif field := re.match(r"\s+(\w+): '([^']*)'", line):
            fields.append((f"{event}.{field[1]}", field[2]))
    return fields


def profile_fields() -> list[tuple[str, str, str]]:
    """Read (name, example, note) of each profile field off the notice's other blocks."""
    groups = zip(("identified", "authenticated", "company"), PROFILE_BLOCKS, strict=True)
    return [
        (f"{group}.{key}", text or word, note.strip())
        for group, block in groups
        for key, text, word, note in PROFILE_LINE.findall(block)
    ]


def test_each_census_row_is_registered_with_example_and_note() -> None:
    """The census table is the registry's census items, row by row."""
    rows = [f"{item.name} {item.example} {item.note}".strip() for item in CATEGORIES["CENSUS"].items]
    assert rows == CENSUS_ROWS


def test_each_usage_field_is_registered_with_its_example() -> None:
    """The six events of the notice, field by field and in its order, and nothing else."""
    assert [(item.name, item.example) for item in CATEGORIES["USAGE"].items] == usage_fields()
    assert len(usage_fields()) == 14
    assert len(CATEGORIES["USAGE"].groups) == 6


def test_each_profile_field_is_registered_with_example_and_note() -> None:
    """The three blocks of the support data, field by field and in their order, and nothing else."""
    registered = [(item.name, item.example, item.note) for item in CATEGORIES["SUPPORT"].items]
    assert registered == profile_fields()
    assert len(registered) == 9 + 10 + 6


def test_each_kind_of_error_data_is_registered() -> None:
    """What the notice's sentences name as error data are the registry's items."""
    names = [item.name for item in CATEGORIES["ERROR"].items]
    assert len(names) == 8
    assert all(name in TEXT for name in names)
    listed = re.search(r"can include information about (.*)\.\n", TEXT)
    assert listed is not None
    assert set(re.split(r", and |, ", listed[1])) | {"IP address", "sign-in errors"} == set(names)


def test_about_an_anonymous_profile_nothing_is_collected() -> None:
    """The anonymous profile is a statement without items."""
    group = CATEGORIES["SUPPORT"].groups[0]
    assert (group.id, group.text, group.items) == ("anonymous", "No data collected.", ())


def test_every_sentence_is_the_notices_own() -> None:
    """Titles, descriptions, statements, notes and introduction stand in the notice word for word."""
    sentences = [*CURRENT.introduction, CURRENT.note, CURRENT.title, CURRENT.last_updated]
    for category in CURRENT.categories:
        sentences += [category.title, category.description, *category.statements]
        sentences += [group.text for group in category.groups] + [group.title for group in category.groups]
        sentences += [item.note for item in category.items]
    assert [sentence for sentence in sentences if sentence not in TEXT] == []


def test_no_sentence_of_the_notice_is_left_out() -> None:
    """Each sentence of the notice is in the registry, but for the bridges between its lists."""
    heads = [CURRENT.title, CURRENT.last_updated, CURRENT.note]
    said = " ".join([*heads, *CURRENT.introduction, *(promise.statement for promise in CURRENT.promises)])
    for category in CURRENT.categories:
        parts = [category.title, category.description, *category.statements]
        said = " ".join([said, *parts, *(f"{group.title} {group.text}" for group in category.groups)])
    prose = re.sub(r"^\{\n.*?^\}", "", TEXT, flags=re.DOTALL | re.MULTILINE).replace("\n".join(CENSUS_ROWS), "")
    bridges = ("Here are some specific examples", "Data collection falls into", "Data type Example", "Last Updated")
    lines = [line.strip("⛏• ") for line in prose.splitlines() if line.strip() not in {"", "Note"}]
    sentences = [sentence for line in lines for sentence in re.split(r"(?<=[.:]) ", line)]
    missing = [each for each in sentences if each not in said and not each.startswith(bridges)]
    assert missing == []


def test_thirteen_promises_in_the_notices_words() -> None:
    """P1 to P13 each have a statement out of the notice and say how they are kept."""
    assert [promise.id for promise in CURRENT.promises] == [f"P{number}" for number in range(1, 14)]
    flat = re.sub(r"\s+", " ", TEXT.replace("•", ""))
    for promise in CURRENT.promises:
        if promise.id != "P1":
            assert promise.statement in flat
        assert promise.enforced_by.endswith(".")
    assert all(row.split(" ")[0] in CURRENT.promises[0].statement for row in CENSUS_ROWS)


@pytest.mark.parametrize("category", CURRENT.categories, ids=lambda category: category.id)
def test_nothing_can_be_turned_off(category: Category) -> None:
    """On by default and no switch, in each category (P12)."""
    assert category.on_by_default
    assert not category.can_be_turned_off
    assert category.identifies_users is (category.id != "CENSUS")
    assert any("cannot be turned off" in statement for statement in category.statements)


def test_exactly_the_restricted_items_are_restricted() -> None:
    """The table of restricted fields, kind by kind; they are for support staff only."""
    found: dict[str, dict[str, str]] = {}
    for category in CURRENT.categories:
        for group in category.groups:
            kinds = {item.name.split(".")[-1]: item.restricted for item in group.items if item.restricted}
            found |= {group.id: kinds} if kinds else {}
    assert found == RESTRICTED
    assert {item.seen_by for item in CURRENT.items if item.restricted} == {("support", "support_lead")}


@pytest.mark.parametrize("item", CURRENT.items, ids=lambda item: item.name)
def test_each_item_says_why_where_and_for_whom(item: Item) -> None:
    """No item without purpose, fields that carry it, a life and roles that exist."""
    assert item.purpose
    assert set(item.seen_by) <= set(Role)
    assert item.seen_by
    assert item.retention_days is None or item.retention_days > 0
    assert ("restricted" in item.stored.split(".")) is (item.restricted is not None)
    for carrier in item.carriers:
        assert re.fullmatch(r"[A-Z]\w+\.[a-z]\w+", carrier.coordinate)
        assert re.fullmatch(r"(census|events|errors|users|companies)(\.\w+)+", carrier.stored)


def test_names_and_fields_are_used_once() -> None:
    """Each item has a name and a coordinate of its own."""
    coordinates = [carrier.coordinate for item in CURRENT.items for carrier in item.carriers]
    assert len(ITEMS) == len(CURRENT.items) == 7 + 14 + 25 + 8
    assert len(set(coordinates)) == len(coordinates)


def test_what_is_told_of_retention_and_readers_is_what_is_kept() -> None:
    """The lives are those of the indexes; analysts read counts of errors; census ids are for the officer alone."""
    settings = Settings()
    assert ITEMS["AppName"].retention_days == settings.census_retention_days
    assert ITEMS["team_created.team_id"].retention_days == settings.usage_retention_days
    assert ITEMS["team_created.template_name"].retention_days == DASHBOARD_DAYS
    assert f"{settings.claim_retention_days:g} days" in ITEMS["identified.msUpn"].retention
    assert ITEMS["UserID"].seen_by == ITEMS["Session ID"].seen_by == ("privacy_officer",)
    assert "analyst" in ITEMS["error codes"].seen_by
    assert "analyst" not in ITEMS["error logs"].seen_by


@pytest.mark.parametrize(("name", "days"), [("census", 91), ("usage", 396), ("support", 731), ("claim", 31)])
def test_nothing_can_be_kept_longer_than_is_told(name: str, days: int) -> None:
    """An operator who wants more publishes another version."""
    with pytest.raises(ValidationError, match="less than or equal"):
        Settings(**{f"{name}_retention_days": days})  # type: ignore[arg-type]


def test_error_data_live_fifteen_days() -> None:
    """The notice's 15 days are a number that the database can be held against (P11)."""
    lives = {item.name: item.retention_days for item in CATEGORIES["ERROR"].items}
    assert lives.pop("sign-in errors") == DASHBOARD_DAYS  # of the daily counts, which are no report
    assert set(lives.values()) == {15}


def test_versions_are_found_by_their_date() -> None:
    """The current version is dated as the notice is; an unknown one is nothing."""
    assert CURRENT_VERSION == "2019-10-09"
    assert CURRENT.date == date(2019, 10, 9)
    assert CURRENT.last_updated == "10/9/2019, 10:25:50 AM"
    assert CURRENT.publisher == "SalesTim"
    assert notice() is notice("2019-10-09") is current() is CURRENT
    assert notice("2020-01-01") is None
    assert list(PRACTICES) == ["2019-10-09"]


def next_version(older: Notice) -> Notice:
    """Make a version that drops one census item, renames another and changes one life, one category and one promise."""
    census, *others = older.categories
    first, second, third, *rest = census.groups[0].items
    items = (replace(second, name="Device"), replace(third, retention_days=30), *rest)
    changed = replace(census, retention="less", groups=(replace(census.groups[0], items=items),))
    promises = (replace(older.promises[0], statement="Fewer."), *older.promises[1:])
    assert first.name == "AppName"
    return replace(older, version="2020-01-01", categories=(changed, *others), promises=promises)


def test_two_versions_are_compared() -> None:
    """What is new, gone and different is named (P13)."""
    difference = diff(CURRENT, next_version(CURRENT))
    assert difference.added == ("Device",)
    assert difference.removed == ("AppName", "DeviceModel")
    assert difference.changed == ("P1", "CENSUS", "OSName")
    assert diff(CURRENT, CURRENT).changed == ()
