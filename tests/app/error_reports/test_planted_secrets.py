"""Personal values in every text of a report: neither the database, nor what is served, nor the logs hold one of them."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.error_reports.scrubbing import Scrubber
from auth.principal import Role
from tests.app.error_reports.planting import KINDS, Planted
from tests.app.error_reports.reports import ERRORS, make_report, send
from tests.harness.system import System

BEFORE = ("", "", "failed: ", "(", "\t", "é ", "[x] ", "12:30:11 ")
AFTER = ("", "", " again", ")", ", then", "\nnext line", " é")
LINE_MAX = 240
BATCH = 100


def surround(chance: random.Random, planted: Planted) -> str:
    """Put the text somewhere in another one."""
    return f"{chance.choice(BEFORE)}{planted[0]}{chance.choice(AFTER)}"


def plant(system: System, kind: str, chance: random.Random) -> tuple[dict[str, Any], list[str]]:
    """Return a report with a new value of this kind in each of its texts, and the values."""
    secrets: list[str] = []

    def text() -> str:
        planted = KINDS[kind](chance)
        secrets.append(planted[1])
        return surround(chance, planted)

    def line() -> str:
        value = text()
        return value if len(value) <= LINE_MAX else "long"

    own_id = line()
    report = make_report(
        system,
        reportId=own_id if own_id.isprintable() and len(own_id) <= 100 else f"report of {chance.random()}",
        code=line(),
        message=text(),
        exception={"type": line(), "message": text(), "stackTrace": f"E: x\n    at f (/srv/a.js:1:2)\n{text()}"},
        log=[text(), f"{text()} and {text()}"],
        performance={"operation": line(), "durationMs": 1.5},
        device=dict(zip(("model", "osName", "osVersion", "appVersion", "language"), iter(line, None), strict=False)),
        network={"connection": line(), "effectiveType": line()},
    )
    return report, secrets


async def dump(system: System) -> str:
    """Return all that both databases hold, and all that the reader gets, as one text."""
    database = system.services.database
    held = [
        str(await part[name].find({}).to_list(None))
        for part in (database, database.secrets)
        for name in await part.raw.list_collection_names()
    ]
    query = ERRORS.replace("$first: Int! = 50", "$first: Int!, $after: String").replace(
        "errors(first: $first", "errors(first: $first, after: $after"
    )
    query = query.replace("{ nodes {", "{ pageInfo { hasNextPage endCursor } nodes {")
    more, after = True, None
    while more:
        reply = await system.ask(query, Role.SUPPORT, first=50, after=after)
        page = reply.data["errors"]
        held.append(str(page["nodes"]))
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
    return "\n".join(held)


def test_there_are_200_kinds() -> None:
    """As many as the promise says, and more."""
    assert len(KINDS) >= 200


@given(st.sampled_from(sorted(KINDS)), st.integers(0, 2**32))
@settings(max_examples=1_000, deadline=None)
def test_no_text_keeps_a_planted_value(kind: str, seed: int) -> None:
    """The same for many more values, one text at a time."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    planted = KINDS[kind](chance)
    assert planted[1] not in Scrubber().scrub("message", surround(chance, planted))


@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(0, 2**32))
async def test_no_planted_value_is_held_served_or_logged(
    system: System, capfd: pytest.CaptureFixture[str], seed: int
) -> None:
    """Each kind in each text of a report of its own, with new values each time."""
    await system.services.database["errors"].delete_many({})  # of an earlier example
    chance = random.Random(seed)  # noqa: S311 - no secret
    planted = {kind: plant(system, kind, chance) for kind in KINDS}
    reports = [report for report, _ in planted.values()]
    for start in range(0, len(reports), BATCH):
        reply = await send(system, *reports[start : start + BATCH], role=Role.USER)
        result = reply.data["recordErrors"]
        assert result["rejected"] == []
        assert result["accepted"] == len(reports[start : start + BATCH])
    held = await dump(system) + "".join(capfd.readouterr())
    leaked = sorted(kind for kind, (_, secrets) in planted.items() if any(secret in held for secret in secrets))
    assert leaked == []
