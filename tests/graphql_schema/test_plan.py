"""Plans: made once a document, kept in bounds, and told which operation is meant."""

import pytest
from graphql import GraphQLSchema

from app.errors import AppError
from graphql_schema.plan import KEPT_CHARACTERS, LONGEST_KEPT, InvalidDocumentError, PlanCache
from graphql_schema.schema import build_schema


@pytest.fixture
def schema() -> GraphQLSchema:
    """The served schema."""
    return build_schema()


def test_a_document_is_planned_once(schema: GraphQLSchema) -> None:
    """The second request finds the first one's plan."""
    cache = PlanCache(schema)
    assert cache.plan("{ me { kind } }") is cache.plan("{ me { kind } }")


def test_the_cache_keeps_the_latest_and_no_more(schema: GraphQLSchema) -> None:
    """A stream of new documents pushes out the oldest, not the one in use."""
    cache = PlanCache(schema, kept=3)
    first = cache.plan("{ me { kind } }")
    for number in range(5):
        cache.plan(f"query Q{number} {{ me {{ kind }} }}")
        assert cache.plan("{ me { kind } }") is first
    assert len(cache) == 3


def test_long_documents_are_kept_in_smaller_number(schema: GraphQLSchema) -> None:
    """A plan takes many times the memory of its text, so the characters of all together have a bound."""
    cache = PlanCache(schema)
    first = cache.plan("{ me { kind } }")
    for number in range(60):
        cache.plan(f"query Q{number:02} {{ me {{ kind }} }}".ljust(5_000))
        assert cache.plan("{ me { kind } }") is first
    assert len(cache) == KEPT_CHARACTERS // 5_000


def test_refused_and_very_long_documents_are_not_kept(schema: GraphQLSchema) -> None:
    """Nothing hostile stays in memory."""
    cache = PlanCache(schema)
    with pytest.raises(InvalidDocumentError):
        cache.plan("{ nothing }")
    cache.plan("{ me { kind } }" + " " * LONGEST_KEPT)
    assert len(cache) == 0


@pytest.mark.parametrize("name", [None, "C", ""])
def test_several_operations_need_a_name_that_is_among_them(schema: GraphQLSchema, name: str | None) -> None:
    """Nothing is run by guess."""
    plan = PlanCache(schema).plan("query A { me { kind } } query B { me { roles } }")
    with pytest.raises(AppError, match="operationName") as caught:
        plan.choose(name)
    assert caught.value.details == {"field": "operationName"}
    assert plan.choose("B") is plan.operations["B"]


def test_no_suggestion_is_made(schema: GraphQLSchema) -> None:
    """A misspelled field does not make the server tell the right one."""
    with pytest.raises(InvalidDocumentError) as caught:
        PlanCache(schema).plan("{ mee { kinds } user(idd: 1) { id } }")
    assert "Did you mean" not in str([error.message for error in caught.value.errors])
