"""P4: six typed events, each with the fields of the notice and no others."""

from typing import Any

import pytest

from app.practices import current
from auth.principal import Role
from tests.harness.system import System
from tests.harness.usage import RECORD, created, new_id, step, team

READ = """{ events(first: 10) { nodes { eventId name occurredAt receivedAt
  ... on RequestCreated { requestId teamName additionalMembers additionalOwners templateId templateName }
  ... on RequestApproved { requestId } ... on RequestRejected { requestId } ... on RequestProcessed { requestId }
  ... on RequestError { requestId } ... on TeamCreated { teamId teamName templateId templateName } } } }"""
STEPS = ("requestApproved", "requestRejected", "requestProcessed", "requestError")


def one_of_each(system: System) -> list[dict[str, dict[str, Any]]]:
    """One event of each kind."""
    now = system.clock()
    return [created(now, new_id()), *(step(kind, now, new_id()) for kind in STEPS), team(now)]


async def test_each_event_keeps_exactly_its_fields(system: System) -> None:
    """What is sent is what is read; the time may be written in another way."""
    items, token = one_of_each(system), system.token(Role.COMPANY_ADMIN)
    result = (await system.ask(RECORD, token=token, events=items)).data["recordEvents"]
    assert result == {"accepted": 6, "duplicates": 0, "rejected": []}
    read = {node.pop("eventId"): node for node in (await system.ask(READ, token=token)).data["events"]["nodes"]}
    for item in items:
        ((kind, sent),) = item.items()
        shown = read[sent["eventId"]]
        assert shown.pop("name").lower().replace("_", "") == kind.lower()
        assert shown.keys() == sent.keys() - {"eventId"} | {"receivedAt"}
        plain = sent.keys() - {"eventId", "occurredAt"}
        assert {key: shown[key] for key in plain} == {key: sent[key] for key in plain}


@pytest.mark.parametrize("kind", ["requestCreated", *STEPS, "teamCreated"])
async def test_an_event_with_one_field_more_or_less_is_refused(system: System, kind: str) -> None:
    """There is no free-form bag, and every field of the notice is required."""
    item = next(item for item in one_of_each(system) if kind in item)
    more = {kind: {**item[kind], "note": "x"}}
    fewer = [{kind: {key: value for key, value in item[kind].items() if key != left_out}} for left_out in item[kind]]
    result = (await system.ask(RECORD, Role.COMPANY_ADMIN, events=[more, *fewer])).data["recordEvents"]
    assert result["accepted"] == 0
    assert len(result["rejected"]) == 1 + len(fewer)


async def test_a_rejection_names_its_field_in_one_way(system: System) -> None:
    """The path inside the item, whether its shape or its value is at fault; and its id, also where that is a number."""
    (approved,) = step("requestApproved", system.clock(), new_id()).values()
    bad: list[dict[str, Any]] = [
        {**approved, "occurredAt": "yesterday"},
        {**approved, "occurredAt": "2001-01-01T00:00:00Z"},
        {**approved, "eventId": 5, "occurredAt": "yesterday"},
    ]
    items = [{"requestApproved": body} for body in bad]
    query = "mutation($e: [EventInput!]!) { recordEvents(events: $e) { rejected { id field } } }"
    rejected = (await system.ask(query, Role.COMPANY_ADMIN, e=items)).data["recordEvents"]["rejected"]
    assert [rejection["field"] for rejection in rejected] == ["requestApproved.occurredAt"] * 3
    assert [rejection["id"] for rejection in rejected] == [approved["eventId"], approved["eventId"], "5"]


async def test_the_notice_names_the_six_events() -> None:
    """The registry and the schema speak of the same."""
    (usage,) = (category for category in current().categories if category.id == "USAGE")
    assert {group.id for group in usage.groups} == {
        "request_created", "request_approved", "request_rejected", "request_processed", "request_error", "team_created"
    }  # fmt: skip
