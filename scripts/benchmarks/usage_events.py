"""Usage events for the bench: requests with their steps and teams, spread evenly over 8 companies and 90 days."""

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from pymongo import MongoClient, WriteConcern

from app.database.indexes import Index
from auth.development import DEMO_COMPANY_IDS

COMPANIES = DEMO_COMPANY_IDS
DAYS = 90
TEMPLATES = tuple(str(uuid.UUID(int=number)).upper() for number in range(1, 21))
INSERT_BATCH = 10_000
Tick = Callable[[int], None]
STAMP = ("companyId", "name", "receivedAt", "practicesVersion", "userId")


def events_of(number: int, now: datetime, source: random.Random) -> Iterator[dict[str, Any]]:
    """Give so many events as they are stored."""
    made = 0
    stamp = {"practicesVersion": "2019-10-09", "userId": "bench"}
    while made < number:
        company, template = source.choice(COMPANIES), source.choice(TEMPLATES)
        request = str(uuid.UUID(int=source.getrandbits(128))).upper()
        at = (now - timedelta(seconds=source.random() * DAYS * 86_400)).replace(microsecond=0)
        named = {"templateId": template, "templateName": f"Template {template[-2:]}", "teamName": "Team"}
        steps: list[tuple[str, float, dict[str, Any]]] = [
            ("REQUEST_CREATED", 0, {"requestId": request, **named, "additionalMembers": 3, "additionalOwners": 1}),
            ("REQUEST_APPROVED", source.lognormvariate(8, 1.5), {"requestId": request}),
            ("REQUEST_PROCESSED", 600_000 * source.random(), {"requestId": request}),
            ("TEAM_CREATED", 600, {"teamId": request, **named}),
        ]
        for name, later, fields in steps[: number - made]:
            moment = min(at + timedelta(seconds=int(later)), now)
            base = {"companyId": company, "eventId": f"{made:x}", "name": name, "occurredAt": moment}
            yield {**base, "receivedAt": now, **stamp, **fields}
            made += 1


def inputs_of(number: int, source: random.Random) -> Iterator[dict[str, Any]]:
    """Give so many `EventInput`s of the last hour."""
    now = datetime.now(UTC)
    for event in events_of(number, now, source):
        head, *rest = event["name"].lower().split("_")
        moment = now - timedelta(seconds=source.random() * 3_600)
        body = {key: value for key, value in event.items() if key not in STAMP}
        body |= {"eventId": uuid.uuid4().hex, "occurredAt": moment.isoformat()}
        yield {head + "".join(map(str.title, rest)): body}


def fill(uri: str, name: str, events_wanted: Iterator[dict[str, Any]], indexes: Sequence[Index], tick: Tick) -> None:
    """Insert the events and then make their indexes: many times faster than the other way round."""
    with MongoClient[dict[str, Any]](uri) as client:
        events = client.get_database(name, write_concern=WriteConcern(w=1)).get_collection("events")
        while batch := list(islice(events_wanted, INSERT_BATCH)):
            events.insert_many(batch, ordered=False)
            tick(len(batch))
        for index in indexes:  # by this client, which waits as long as it takes
            events.create_index(list(index.keys), **index.options)
