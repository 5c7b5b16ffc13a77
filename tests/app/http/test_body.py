"""Reading bodies: what is refused, and how little the checks cost."""

import asyncio
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import AppError
from app.http.body import JSON_DEPTH_MAX, check_shape, read_body
from app.http.problems import HttpError
from app.time_limit import TimeLimit

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
)


def depth_of(value: object) -> int:
    """Return how deep a JSON value nests."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if parts is None else 1 + max(map(depth_of, parts), default=0)


@given(value=JSON_VALUES, wraps=st.integers(0, 70), ascii_only=st.booleans())
@settings(max_examples=200, deadline=None)
def test_depth_is_what_parsing_would_find(value: object, wraps: int, *, ascii_only: bool) -> None:
    """Whatever stands inside the texts."""
    for _ in range(wraps):
        value = [value]
    encoded = json.dumps([value, '[{"' * 40], ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    if depth_of([value]) > JSON_DEPTH_MAX:
        with pytest.raises(AppError, match="levels deep"):
            check_shape(encoded)
    else:
        check_shape(encoded)


@pytest.mark.parametrize(
    "body",
    [b"[" * (1 << 20), b'["' * (1 << 19), b'"' * (1 << 20), b"1" * (1 << 20), rb"\"" * (1 << 19), b"[{}," * (1 << 18)],
)
def test_a_mebibyte_is_checked_in_a_moment(body: bytes) -> None:
    """The worst kinds of body cost no more than parsing a good one would."""
    taken = []
    for _ in range(3):
        started = time.thread_time()
        with pytest.raises(AppError):
            check_shape(b"[" * 65 + body)
        taken.append(time.thread_time() - started)
    assert min(taken) < 0.15


async def test_a_stalled_body_is_given_up() -> None:
    """408, and the connection is not kept."""
    with pytest.raises(HttpError) as caught:
        await read_body(asyncio.Event().wait, "", 1_000, TimeLimit(0.01))  # type: ignore[arg-type]
    assert (caught.value.status, caught.value.headers) == (408, {"Connection": "close"})


async def test_a_body_declared_too_large_is_let_in_only_so_far() -> None:
    """Enough for an ordinary client to read why; nothing of it is kept."""
    received = 0

    async def receive() -> dict[str, object]:
        nonlocal received
        received += 100
        return {"type": "http.request", "body": b" " * 100, "more_body": True}

    with pytest.raises(AppError, match="larger"):
        await read_body(receive, "2000000", 1_000, TimeLimit(1))
    assert received == 1_000
