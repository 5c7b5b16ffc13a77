"""Census records: the seven fields of the notice, and the refusal of whatever looks like an identity (P1, P2).

Pure. What looks like an identity is told in `app/identity/`, how ids are hashed in `secrets.py`.
"""

from datetime import datetime, timedelta
from typing import Any

from app.identity.reading import is_one_line, is_visible
from app.identity.rules import identity_in
from app.identity.shapes import is_language_tag
from app.ingest import Item, ItemError, check_id, check_line, check_moment

BACK = timedelta(days=7)
LONGEST = 128
FACTS = ("appName", "deviceModel", "osName", "osVersion", "userLanguage")


def read_record(item: Item, now: datetime) -> dict[str, Any]:
    """Return the checked facts and the raw ids of one record; raises `ItemError` naming field and rule."""
    record: dict[str, Any] = {name: check_fact(name, item[name]) for name in FACTS}
    if not is_language_tag(record["userLanguage"]):
        raise ItemError("userLanguage", "be a language tag such as EN-US")
    record["recordId"] = check_id("recordId", item["recordId"])
    record["userId"] = item["userId"]
    record["sessionId"] = item["sessionId"]
    record["recordedAt"] = check_moment("recordedAt", item["recordedAt"], now, BACK)
    return record


def check_fact(field: str, value: str) -> str:
    """Return a census text that is short, plain to see and looks like no identity, or raise `ItemError`."""
    check_line(field, value, LONGEST)
    if not (is_visible(value) and is_one_line(value)):
        raise ItemError(field, "be one line with something to see in it")
    found = identity_in(value)
    if found is not None:
        raise ItemError(field, f"not hold what looks like {found}: census data identifies nobody")
    return value


def whole_hour(moment: datetime) -> datetime:
    """Return the beginning of the hour: the time of a call that other records know exactly would tell whose it was."""
    return moment.replace(minute=0, second=0, microsecond=0)


def whole_day(moment: datetime) -> datetime:
    """Return the beginning of the day, for the same reason."""
    return whole_hour(moment).replace(hour=0)
