"""Census records: the seven fields of the notice, and the refusal of whatever looks like an identity (P1, P2).

Pure. How ids are hashed is told in `secrets.py`, where records go in `store.py`.
"""

import re
from datetime import datetime, timedelta
from typing import Any

from app.ingest import Item, ItemError, check_id, check_line, check_moment

BACK = timedelta(days=7)
LONGEST = 128

# Linear-time patterns: no nested quantifiers. What a census text may not look like.
IDENTITY_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an e-mail address or UPN", re.compile(r"@")),
    ("a tenant or directory id", re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)),
    ("an IP address", re.compile(r"(?<![\d.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\d.])")),
    ("an IP address", re.compile(r"(?<![0-9a-f:])(?:[0-9a-f]{1,4}:){2}[0-9a-f:]*|::[0-9a-f]", re.IGNORECASE)),
    (
        "a domain name",
        re.compile(
            r"(?<![\w-])[\w-]+\.(?:com|net|org|edu|gov|mil|int|info|biz|eu|io|dev|app|cloud|local|lan|corp|internal|onmicrosoft"
            r"|de|fr|uk|us|ca|au|nz|ch|at|be|nl|it|es|pt|pl|se|no|fi|dk|ie|cz|ru|ua|jp|cn|kr|in|br|mx|ar|za)\b",
            re.IGNORECASE,
        ),
    ),
)
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,4}")
FACTS = ("appName", "deviceModel", "osName", "osVersion", "userLanguage")


def read_record(item: Item, now: datetime) -> dict[str, Any]:
    """Return the checked facts and the raw ids of one record; raises `ItemError` naming field and rule."""
    record: dict[str, Any] = {name: check_fact(name, item[name]) for name in FACTS}
    if not LANGUAGE.fullmatch(record["userLanguage"]):
        raise ItemError("userLanguage", "be a language tag such as EN-US")
    record["recordId"] = check_id("recordId", item["recordId"])
    record["userId"] = item["userId"]
    record["sessionId"] = item["sessionId"]
    record["recordedAt"] = check_moment("recordedAt", item["recordedAt"], now, BACK)
    return record


def check_fact(field: str, value: str) -> str:
    """Return a census text that is short and looks like no identity, or raise `ItemError`."""
    check_line(field, value, LONGEST)
    for what, pattern in IDENTITY_RULES:
        if pattern.search(value):
            raise ItemError(field, f"not hold what looks like {what}: census data identifies nobody")
    return value
