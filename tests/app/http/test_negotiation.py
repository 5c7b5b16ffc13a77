"""Which media type and which status an answer takes."""

import sys
from collections.abc import Callable

import pytest

from app.errors import ErrorCode
from app.http.endpoint import respond
from app.http.negotiation import check_content_type, choose_media_type
from app.http.problems import EVENT_STREAM, GRAPHQL_JSON, JSON, HttpError
from app.operation import Answer
from auth.principal import Role
from tests.harness.system import System

URQL = f"{GRAPHQL_JSON}, application/graphql+json, {JSON}, {EVENT_STREAM}, multipart/mixed"
URQL_SUBSCRIPTION = f"{EVENT_STREAM}, {GRAPHQL_JSON}, {JSON}"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", JSON),
        ("*/*", JSON),
        (URQL, GRAPHQL_JSON),
        (URQL_SUBSCRIPTION, EVENT_STREAM),
        (EVENT_STREAM, EVENT_STREAM),
        ("Text/Event-Stream", EVENT_STREAM),
        (f"{EVENT_STREAM};q=0.5, {JSON}", JSON),
        (f"{EVENT_STREAM};q=0, */*;q=0.1", JSON),
        (f"{JSON};q=0.9, {EVENT_STREAM}", EVENT_STREAM),
        (f"{EVENT_STREAM};q=0", None),
        ("image/png", None),
    ],
)
def test_the_best_offer_is_taken(accept: str, chosen: str | None) -> None:
    """By its weight, then by its place."""
    if chosen is None:
        with pytest.raises(HttpError) as refusal:
            choose_media_type(accept)
        assert refusal.value.status == 406
    else:
        assert choose_media_type(accept) == chosen


@pytest.mark.parametrize("read", [choose_media_type, check_content_type])
def test_a_long_header_is_read_and_not_kept(read: Callable[[str], object]) -> None:
    """Callers may invent any number of them, each as long as a head may be."""
    value = f"{JSON}; x={'y' * 30_000}"
    before = sys.getrefcount(value)
    read(value)
    assert sys.getrefcount(value) == before


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (URQL, GRAPHQL_JSON),
        (f"{EVENT_STREAM};q=0, {JSON}", JSON),
        (URQL_SUBSCRIPTION, EVENT_STREAM),
        ("Text/Event-Stream", EVENT_STREAM),
    ],
)
async def test_a_query_that_would_also_take_a_stream_gets_what_it_takes_best(
    system: System, accept: str, kind: str
) -> None:
    """Clients name all that they can read with each query."""
    posted = await system.client.post("/graphql", json={"query": "{ me { kind } }"}, headers={"Accept": accept})
    assert (posted.status_code, posted.headers["content-type"].partition(";")[0]) == (200, kind)
    got = await system.client.get("/graphql", params={"query": "{ me { kind } }"}, headers={"Accept": accept})
    assert got.status_code == (405 if kind == EVENT_STREAM else 200)


@pytest.mark.parametrize("accept", ["", "*/*", JSON, GRAPHQL_JSON])
async def test_a_mutation_by_get_is_405_and_does_nothing(system: System, accept: str) -> None:
    """The specification says 405 for it, whatever is accepted."""
    headers = {"Accept": accept, "Authorization": f"Bearer {system.token(Role.USER)}"}
    query = 'mutation { openSupportRequest(input: { reason: "help" }) { id } }'
    answer = await system.client.get("/graphql", params={"query": query}, headers=headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert await system.services.database["support_requests"].count_documents({}) == 0


def away(data: object) -> Answer:
    """An operation of which something could not be reached."""
    error = {"message": "m", "extensions": {"code": "UNAVAILABLE"}}
    return Answer({"data": data, "errors": [error]}, executed=True, codes=(ErrorCode.UNAVAILABLE,))


@pytest.mark.parametrize(
    ("data", "as_json", "as_graphql_json"),
    [
        (None, 503, 503),
        ({"user": None}, 503, 200),
        ({"first": {"accepted": 1}, "second": None}, 200, 200),
        ({"users": {"nodes": [{"name": None}]}}, 200, 200),
    ],
)
def test_a_status_never_hides_data(data: object, as_json: int, as_graphql_json: int) -> None:
    """503 where nothing was given; what was done or read beside the missing part reaches the client."""
    for media_type, status in ((JSON, as_json), (GRAPHQL_JSON, as_graphql_json)):
        reply = respond(away(data), media_type)
        assert reply.status == status
        assert ("Retry-After" in reply.headers) == (status == 503)
