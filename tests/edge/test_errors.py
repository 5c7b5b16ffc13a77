"""Errors as callers see them and as the log keeps them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from graphql import GraphQLError, parse
from pymongo.errors import AutoReconnect, BulkWriteError, OperationFailure, WTimeoutError

from app.errors import AppError, ErrorCode
from auth.principal import Role
from graphql_schema.errors import format_error, to_public
from tests.harness.system import System

SECRET = "alice@contoso.example"
FIELD = parse("{ user(id: 1) { id } }").definitions[0].selection_set.selections[0]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(SECRET),
        KeyError(SECRET),
        GraphQLError(f"Expected value of type 'User' but got: {SECRET}.", FIELD),
        GraphQLError(f"ID cannot represent value: {SECRET}"),
        RecursionError(SECRET),
        MemoryError(SECRET),
    ],
)
def test_what_nobody_foresaw_is_masked(error: Exception) -> None:
    """Also what GraphQL itself says of a value that a resolver returned."""
    wrapped = GraphQLError(str(error), FIELD, path=["user"], original_error=error)
    for found in (format_error(wrapped, "1234"), format_error(GraphQLError(str(error), FIELD, path=["user"]), "1234")):
        assert SECRET not in json.dumps(found)
        assert found["extensions"] == {"code": "INTERNAL", "requestId": "1234"}
        assert found["path"] == ["user"]


TOO_FEW = {"code": 64, "errmsg": SECRET}  # a write that waited for a majority in vain


def labelled(label: str) -> OperationFailure:
    """An error to which the driver or the server has put a label."""
    error = OperationFailure(SECRET, 112)
    error._add_error_label(label)
    return error


@pytest.mark.parametrize(
    "error",
    [
        WTimeoutError(SECRET, 64),
        BulkWriteError({"writeErrors": [], "writeConcernErrors": [TOO_FEW]}),
        labelled("TransientTransactionError"),
        labelled("UnknownTransactionCommitResult"),
        labelled("RetryableWriteError"),
        AutoReconnect(SECRET),
    ],
)
def test_what_is_not_known_to_be_durable_may_be_sent_again(error: Exception) -> None:
    """Told as UNAVAILABLE, so that clients wait and repeat instead of giving their records up."""
    found = format_error(GraphQLError("x", FIELD, original_error=error), "1234")
    assert found["extensions"]["code"] == "UNAVAILABLE"
    assert SECRET not in json.dumps(found)


def test_a_write_that_is_refused_for_good_is_not_told_as_away() -> None:
    """Sending it again would not help."""
    refused = BulkWriteError({"writeErrors": [{"index": 0, "code": 2, "errmsg": "x"}], "writeConcernErrors": []})
    assert to_public(refused, "1").code is ErrorCode.INTERNAL


def test_a_wrong_argument_is_the_callers_to_read() -> None:
    """GraphQL's own sentence about the document stays."""
    argument = FIELD.arguments[0]
    public = to_public(GraphQLError("Argument 'id' has an invalid value.", argument.value), "1")
    assert (public.code, public.message) == (ErrorCode.BAD_USER_INPUT, "Argument 'id' has an invalid value.")


def test_a_refusal_of_ours_passes_as_it_is() -> None:
    """However deep it is wrapped."""
    own = AppError(ErrorCode.FORBIDDEN, "You may not.", field="a", needs="b")
    wrapped = GraphQLError("x", FIELD, original_error=GraphQLError("y", FIELD, original_error=own))
    assert format_error(wrapped, "1")["extensions"] == {"code": "FORBIDDEN", "field": "a", "needs": "b"}


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """What is logged, before it is written."""
    with structlog.testing.capture_logs() as captured:
        yield captured


async def test_the_log_holds_who_what_and_how_long_and_no_data(edge: System, lines: list[Any]) -> None:
    """Operation name, roles, request id, outcome, duration as plain texts and numbers; nothing that was sent."""
    query = f'query Look($id: ID!) {{ user(id: $id) {{ id }} a: user(id: "{SECRET}") {{ id }} }} # {SECRET}'
    reply = await edge.ask(query, Role.SUPPORT, id=SECRET)
    (line,) = [line for line in lines if line["event"] == "operation"]
    assert (line["operation"], line["roles"], line["status"]) == ("Look", ["support"], reply.status)
    assert line["request_id"] == reply.headers["x-request-id"]
    assert {type(value) for value in [*line["roles"], *line["codes"]]} == {str}
    assert 0 < line["milliseconds"] < 10_000
    assert SECRET not in json.dumps(line)


async def test_the_log_holds_no_part_of_a_token(edge: System, lines: list[Any]) -> None:
    """A good one is told of by its roles, a refused one by a short reason."""
    good = edge.token(Role.SUPPORT)
    for token in (good, f"{good[:-8]}AAAAAAAA"):
        await edge.ask("{ me { kind } }", token=token)
    assert {line["event"] for line in lines} >= {"operation", "token_refused"}
    assert not any(part in str(lines) for part in good.split("."))


async def test_no_hostile_text_reaches_the_log(edge: System, lines: list[Any]) -> None:
    """Not by a name, a token or a header; one call is one line."""
    await edge.ask("query " + "N" * 5_000 + " { me { kind } }", token=f"{SECRET}\n{{}}")
    await edge.client.post("/graphql", json={"query": SECRET}, headers={"X-Forwarded-For": SECRET})
    assert SECRET not in json.dumps(lines)
    assert max(len(json.dumps(line)) for line in lines) < 500
