"""Usage for tests: events as clients send them, and an independent recount that shares no code with the product."""

import random
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.harness.system import Reply, System

RECORD = (
    "mutation($events: [EventInput!]!) { recordEvents(events: $events) { accepted duplicates rejected { index } } }"
)
STEPS = ("requestApproved", "requestRejected", "requestProcessed", "requestError")
TEMPLATES = tuple(str(uuid.UUID(int=number)).upper() for number in range(1, 7))

Item = dict[str, dict[str, Any]]


def new_id() -> str:
    """Return a fresh id."""
    return str(uuid.uuid4()).upper()


def created(at: datetime, request_id: str, template: int = 0, **changes: object) -> Item:
    """A `request_created`."""
    fields = {"teamName": "Team", "additionalMembers": 1, "additionalOwners": 0}
    named = {"templateId": TEMPLATES[template], "templateName": f"Template {template}"}
    return {"requestCreated": {**_base(at), "requestId": request_id, **fields, **named, **changes}}


def step(kind: str, at: datetime, request_id: str) -> Item:
    """One of the four steps, for example `requestApproved`."""
    return {kind: {**_base(at), "requestId": request_id}}


def team(at: datetime, template: int = 0) -> Item:
    """A `team_created`."""
    named = {"templateId": TEMPLATES[template], "templateName": f"Template {template}"}
    return {"teamCreated": {**_base(at), "teamId": new_id(), "teamName": "Team", **named}}


def _base(at: datetime) -> dict[str, str]:
    return {"eventId": new_id(), "occurredAt": at.isoformat()}


def stories(source: random.Random, number: int, earliest: datetime, latest: datetime) -> list[Item]:
    """Give the events of many requests in random order, with odd ones among them."""
    items: list[Item] = []
    for _ in range(number):
        request_id, template = new_id(), source.randrange(len(TEMPLATES))
        at = earliest + (latest - earliest) * source.random()
        items.append(created(at, request_id, template))
        for kind in STEPS:
            if source.random() < 0.6:
                later = at + timedelta(seconds=source.lognormvariate(8, 2) - 60)
                items.append(step(kind, min(max(later, earliest), latest), request_id))
        if source.random() < 0.5:
            items.append(team(min(at + timedelta(minutes=1), latest), template))
    source.shuffle(items)
    return items


async def send(system: System, items: Sequence[Item], token: str, batch: int = 200) -> list[Reply]:
    """Send the events; each reply must be without errors."""
    replies = []
    for start in range(0, len(items), batch):
        reply = await system.ask(RECORD, token=token, events=list(items[start : start + batch]))
        assert not reply.errors, reply.errors
        replies.append(reply)
    return replies


def accepted(replies: Iterable[Reply]) -> int:
    """Return how many events were taken."""
    return sum(reply.data["recordEvents"]["accepted"] for reply in replies)
