"""Counts usage anew from the raw events, in plain Python that shares nothing with the folding but the bins of waits."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.database.client import Database
from app.usage.durations import bin_of
from app.usage.store import find_own_requests, find_timeline
from app.usage.timeline import show_request

Key = tuple[Any, ...]
REQUESTS_READ = 200  # one by one; each wait of all of them stands in the buckets too
STEPS = {
    "REQUEST_CREATED": "createdAt",
    "REQUEST_APPROVED": "approvedAt",
    "REQUEST_REJECTED": "rejectedAt",
    "REQUEST_PROCESSED": "processedAt",
    "REQUEST_ERROR": "failedAt",
}


async def check_recount(database: Database) -> None:
    """Assert that buckets, requests and anonymous counts equal a recount of the events."""
    events = await database["events"].find({}).to_list(None)
    requests = recount_requests(events)
    await check_requests(database, requests, recount_members(events))
    expected = recount_buckets(events, requests)
    counted = {"kind": {"$ne": "PUBLISHED"}}
    assert sum_buckets(await database["usage_buckets"].find(counted).to_list(None)) == expected
    await check_anonymous(database, events)


async def check_requests(
    database: Database, requests: Mapping[Key, Mapping[str, datetime]], members: Mapping[Key, list[str]]
) -> None:
    """Assert that each request is read as its events tell, and is its members' own, by way of a few of all."""
    for company_id, request_id in sorted(requests)[:: max(len(requests) // REQUESTS_READ, 1)]:
        shown = show_request(await find_timeline(database, company_id, request_id))
        times = {field: shown[field] for field in STEPS.values() if shown[field]}
        assert times == requests[company_id, request_id]
    for person_id, company_id in sorted({(who, key[0]) for key, people in members.items() for who in people}):
        own = {key[1] for key, people in members.items() if key[0] == company_id and person_id in people}
        assert set(await find_own_requests(database, company_id, person_id, len(members) * 20)) == own


async def check_anonymous(database: Database, events: Iterable[Mapping[str, Any]]) -> None:
    """Assert that each published day is over and the sum of its companies' shares, and that at most 4 of these lag.

    A day without a number may lag behind as far as 4 companies, too; what is not published has no shares.
    """
    truth, today = companies_of(events), _day(datetime.now(UTC))
    shares: dict[Key, Counter[str]] = defaultdict(Counter)
    for share in await database["usage_buckets"].find({"kind": "PUBLISHED", "templateId": ""}).to_list(None):
        for name, number in share["counts"].items():
            if number:
                shares[share["day"], name][share["companyId"]] = number
    query = {"interval": "DAY", "hidden": False}
    cells = {
        (cell["start"], cell["event"]): cell for cell in await database["anonymous_usage"].find(query).to_list(None)
    }
    assert {key: (cell["count"], cell["companies"]) for key, cell in cells.items()} == {
        key: (share.total(), len(share)) for key, share in shares.items() if share
    }
    assert all(cell["companies"] >= 5 and cell["start"] < today for cell in cells.values())
    for key in {*truth, *shares}:
        lagging = {company for company in {*truth[key], *shares[key]} if truth[key][company] != shares[key][company]}
        assert len(lagging) < 5 or key[0] >= today, key


def recount_requests(events: Iterable[Mapping[str, Any]]) -> dict[Key, dict[str, datetime]]:
    """The earliest time of each step of each request."""
    requests: dict[Key, dict[str, datetime]] = defaultdict(dict)
    for event in events:
        if event["name"] in STEPS:
            times, field = requests[event["companyId"], event["requestId"]], STEPS[event["name"]]
            times[field] = min(times.get(field, event["occurredAt"]), event["occurredAt"])
    return dict(requests)


def recount_members(events: Iterable[Mapping[str, Any]]) -> dict[Key, list[str]]:
    """The senders of the first creation of each request that has one."""
    creations: dict[Key, list[tuple[datetime, str]]] = defaultdict(list)
    for event in events:
        if event["name"] == "REQUEST_CREATED":
            creations[event["companyId"], event["requestId"]].append((event["receivedAt"], event.get("userId") or ""))
    first = {key: [who for at, who in sent if at == min(sent)[0] and who] for key, sent in creations.items()}
    return {key: sorted(set(people)) for key, people in first.items() if people}


def recount_buckets(
    events: Iterable[Mapping[str, Any]], requests: Mapping[Key, Mapping[str, datetime]]
) -> Counter[Key]:
    """Each number of each bucket by its place."""
    numbers: Counter[Key] = Counter()
    for event in events:
        day, quarter = _day(event["occurredAt"]), _quarter(event["occurredAt"])
        company, name = event["companyId"], event["name"]
        numbers[company, "COUNTS", day, "", "counts", name] += 1
        numbers[company, "COUNTS", day, "", "hours", name, str(quarter // 4)] += 1
        numbers[company, "COUNTS", day, "", "quarters", name, str(quarter)] += 1
        if "templateId" in event:
            numbers[company, "TEMPLATE", day, event["templateId"], "counts", name] += 1
            numbers[company, "TEMPLATE", day, event["templateId"], "quarters", name, str(quarter)] += 1
    for (company, _), times in requests.items():
        for step, field in (("approval", "approvedAt"), ("processing", "processedAt")):
            ended, created = times.get(field), times.get("createdAt")
            if ended and created and ended >= created:
                day, number = _day(ended), bin_of((ended - created).total_seconds())
                place = str(number // 16), str(number)
                numbers[company, "COUNTS", day, "", "waits", step, *place] += 1
                numbers[company, "COUNTS", day, "", "ranges", step, place[0]] += 1
                numbers[company, "WAITS", day, "", "quarters", step, place[0], str(_quarter(ended)), place[1]] += 1
                numbers[company, "WAITS", day, "", "ranges", step, str(_quarter(ended)), place[0]] += 1
    return numbers


def sum_buckets(buckets: Iterable[Mapping[str, Any]]) -> Counter[Key]:
    """The stored numbers by their place, writer slots added up, without zeros."""
    numbers: Counter[Key] = Counter()
    for bucket in buckets:
        place = bucket["companyId"], bucket["kind"], bucket["day"], bucket["templateId"]
        for part in ("counts", "hours", "quarters", "waits", "ranges"):
            _add(numbers, (*place, part), bucket.get(part, {}))
    return Counter({place: number for place, number in numbers.items() if number})


def _add(numbers: Counter[Key], place: Key, inner: Mapping[str, Any]) -> None:
    for key, value in inner.items():
        if isinstance(value, Mapping):
            _add(numbers, (*place, key), value)
        else:
            numbers[*place, key] += value


def companies_of(events: Iterable[Mapping[str, Any]]) -> dict[Key, Counter[str]]:
    """How many of each day's events each company has."""
    companies: dict[Key, Counter[str]] = defaultdict(Counter)
    for event in events:
        companies[_day(event["occurredAt"]), event["name"]][event["companyId"]] += 1
    return companies


def _day(moment: datetime) -> datetime:
    into = timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)
    return moment - into


def _quarter(moment: datetime) -> int:
    return moment.hour * 4 + moment.minute // 15
