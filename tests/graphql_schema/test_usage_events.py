"""Pages of events stay as they are while rows arrive, and filters find what they say."""

from datetime import timedelta

from auth.principal import Role
from tests.harness.system import System
from tests.harness.usage import TEMPLATES, created, new_id, send, step, team

PAGE = """query($first: Int!, $after: String, $filter: EventFilter) {
  events(first: $first, after: $after, filter: $filter) {
  nodes { eventId name occurredAt } pageInfo { hasNextPage endCursor } } }"""


async def test_pages_neither_skip_nor_repeat_while_events_arrive(system: System) -> None:
    """Events of the same moment, and new ones before and after the cursor."""
    token, now = system.token(Role.COMPANY_ADMIN), system.clock()
    same = [created(now - timedelta(hours=1), new_id()) for _ in range(25)]
    await send(system, same, token)
    seen: list[str] = []
    cursor, more = None, True
    while more:
        page = (await system.ask(PAGE, token=token, first=10, after=cursor)).data["events"]
        seen += [node["eventId"] for node in page["nodes"]]
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        await send(system, [created(now, new_id()) for _ in range(5)], token)
    assert sorted(seen) == sorted(item["requestCreated"]["eventId"] for item in same)


async def test_filters_by_name_time_request_and_template(system: System) -> None:
    """Each alone, and together."""
    token, now, request = system.token(Role.COMPANY_ADMIN), system.clock(), new_id()
    early, late = now - timedelta(days=2), now - timedelta(hours=1)
    items = [
        created(early, request, 1),
        step("requestApproved", late, request),
        team(late, 2),
        created(late, new_id(), 2),
    ]
    await send(system, items, token)

    async def names(**wanted: object) -> list[str]:
        reply = await system.ask(PAGE, token=token, first=50, filter=wanted)
        return sorted(node["name"] for node in reply.data["events"]["nodes"])

    assert await names(names=["TEAM_CREATED"]) == ["TEAM_CREATED"]
    assert await names(occurredBefore=(now - timedelta(days=1)).isoformat()) == ["REQUEST_CREATED"]
    assert await names(requestId=request) == ["REQUEST_APPROVED", "REQUEST_CREATED"]
    assert await names(templateId=TEMPLATES[2]) == ["REQUEST_CREATED", "TEAM_CREATED"]
    after = (now - timedelta(days=1)).isoformat()
    assert await names(requestId=request, occurredAfter=after) == ["REQUEST_APPROVED"]
