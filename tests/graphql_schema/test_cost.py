"""Cost: fields times page sizes, variables included, priced once a document."""

import pytest
from graphql import get_introspection_query
from hypothesis import given, settings
from hypothesis import strategies as st

from auth.principal import Role
from graphql_schema.cost import PAGE_MAX
from graphql_schema.plan import make_plan
from graphql_schema.schema import build_schema
from tests.harness.system import System

PAGES = "query($n: Int!, $m: Int!) { companies(first: $n) { nodes { id users(first: $m) { nodes { id kind } } } } }"


def price(document: str, **variables: object) -> int:
    """Return what a document costs."""
    plan = make_plan(build_schema(), document)
    return plan.cost_of(plan.choose(None)).total(variables)


@pytest.mark.parametrize(
    ("document", "points"),
    [
        ("{ me { kind } }", 2),
        ("{ users(first: 5) { nodes { id kind } } }", 1 + 1 + 5 * 2),
        ("{ users(first: 5) { nodes { id } pageInfo { endCursor } } }", 1 + (1 + 5) + 2),
        ("{ users(first: 5) { edges { cursor node { id } } } }", 1 + 1 + 5 * (1 + 2)),
        ("{ users(first: 5) { ...u } } fragment u on UserConnection { nodes { id } }", 1 + 1 + 5),
        ("{ users(first: 1000000) { nodes { id } } }", 1 + 1 + PAGE_MAX),
        ("{ users(first: 5) { ... on UserConnection { nodes { id } } } }", 1 + 1 + 5),
    ],
)
def test_cost_is_fields_times_page_sizes(document: str, points: int) -> None:
    """The design's formula, field by field."""
    assert price(document) == points


@given(n=st.integers(-5, 200), m=st.integers(-5, 200))
@settings(max_examples=50, deadline=None)
def test_variables_price_as_literals_do(n: int, m: int) -> None:
    """Hiding a page size in a variable changes nothing."""
    literal = PAGES.replace("($n: Int!, $m: Int!)", "").replace("$n", str(n)).replace("$m", str(m))
    assert price(PAGES, n=n, m=m) == price(literal)


@pytest.mark.parametrize(("given", "rows"), [({}, 10), ({"n": None}, 10), ({"n": 3}, 3)])
def test_a_page_size_that_is_left_to_its_default_is_priced_by_it(given: dict[str, int | None], rows: int) -> None:
    """A variable that is not sent makes no list free."""
    dashboard = (
        'usageDashboard(from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z", interval: DAY, timeZone: "UTC")'
    )
    document = f"query($n: Int) {{ {dashboard} {{ templates(first: $n) {{ templateName requests }} }} }}"
    assert price(document, **given) == 1 + 1 + rows * 2


async def test_an_operation_above_the_maximum_is_refused_before_it_runs(system: System) -> None:
    """The refusal names the cost that the variables made."""
    reply = await system.ask(PAGES, Role.SUPPORT, n=100, m=100)
    assert reply.codes == ["TOO_COMPLEX"]
    extensions = reply.errors[0]["extensions"]
    assert (extensions["limit"], extensions["actual"], extensions["maximum"]) == ("cost points", 20_302, 5_000)
    assert (await system.ask(PAGES, Role.SUPPORT, n=20, m=20)).errors == []


def test_the_explorers_introspection_is_allowed() -> None:
    """The schema may grow to more than twice its size before the explorer's own query is refused."""
    assert make_plan(build_schema(), get_introspection_query(input_value_deprecation=True)).introspects
