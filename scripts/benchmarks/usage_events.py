"""Usage events for the bench: requests with their steps and teams, spread evenly over 8 companies and 90 days."""

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from typing import Any

from pymongo import IndexModel, MongoClient, WriteConcern

from app.database.indexes import Index
from app.usage.model import event_key, request_key
from auth.development import DEMO_COMPANY_IDS

COMPANIES = DEMO_COMPANY_IDS
DAYS = 90
STEPS = 4  # events of a request
STORIES_BETWEEN = 1_000  # requests that begin before the next step of one is told
TEMPLATES = tuple(str(uuid.UUID(int=number)).upper() for number in range(1, 21))
INSERT_BATCH = 5_000
PART, PROCESSES = 50_000, 2
Tick = Callable[[int], None]
STAMP = ("companyId", "name", "receivedAt", "practicesVersion", "userId", "requestKey", "ordinal")


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
        for place, (name, later, fields) in enumerate(steps[: number - made], 1):
            moment = min(at + timedelta(seconds=int(later)), now)
            base = {"companyId": company, "eventId": f"{made:x}", "name": name, "occurredAt": moment}
            numbered = {"requestKey": request_key(company, request), "ordinal": place}
            yield {**base, "receivedAt": now, **stamp, **fields, **(numbered if "requestId" in fields else {})}
            made += 1


def inputs_of(number: int, source: random.Random) -> list[dict[str, Any]]:
    """Return so many `EventInput`s of the last hour, the steps of a request long after each other as in life."""
    made = enumerate(_inputs_of(number, source))
    return [item for _, item in sorted(made, key=lambda each: each[0] + each[0] % STEPS * STORIES_BETWEEN * STEPS)]


def _inputs_of(number: int, source: random.Random) -> Iterator[dict[str, Any]]:
    now = datetime.now(UTC)
    for event in events_of(number, now, source):
        head, *rest = event["name"].lower().split("_")
        moment = now - timedelta(seconds=source.random() * 3_600)
        body = {key: value for key, value in event.items() if key not in STAMP}
        body |= {"eventId": uuid.uuid4().hex, "occurredAt": moment.isoformat()}
        yield {head + "".join(map(str.title, rest)): body}


def fill(uri: str, name: str, number: int, now: datetime, indexes: Sequence[Index], *, tick: Tick) -> None:
    """Insert so many events and then make their indexes: many times faster than the other way round.

    Two processes make and send them, so that this one stays small and mongod seldom waits.
    """
    sizes = [min(PART, number - start) for start in range(0, number, PART)]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        parts = [pool.submit(_insert_part, uri, name, size, now, place) for place, size in enumerate(sizes)]
        for part in as_completed(parts):
            tick(part.result())
    models = [IndexModel(list(index.keys), **index.options) for index in indexes]
    with MongoClient[dict[str, Any]](uri) as client:  # waits as long as it takes
        client[name]["events"].create_indexes(models)  # all in one go: each alone would read every event again


def _insert_part(uri: str, name: str, number: int, now: datetime, place: int) -> int:
    made = events_of(number, now, random.Random(place))  # noqa: S311 - figures, no secrets
    with MongoClient[dict[str, Any]](uri) as client:
        # Not what is measured, so nobody waits for the journal.
        events = client.get_database(name, write_concern=WriteConcern(w=1, j=False)).get_collection("events")
        while batch := [_as_stored(event, place) for event in islice(made, INSERT_BATCH)]:
            events.insert_many(batch, ordered=False)
    return number


def _as_stored(event: dict[str, Any], place: int) -> dict[str, Any]:
    event_id = f"{place:x}-{event['eventId']}"
    return {**event, "_id": event_key(event["companyId"], event_id), "eventId": event_id}
