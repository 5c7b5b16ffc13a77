"""The example operations stay true to the schema."""

import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

ROOT = Path(__file__).parents[3]
EXAMPLES = (ROOT / "app" / "web" / "src" / "examples.js").read_text(encoding="utf-8")
QUERIES = re.findall(r"query: `([^`]+)`", EXAMPLES)


def test_each_part_of_the_notice_has_its_example() -> None:
    """Notice, census, support, usage, what is live, and errors."""
    assert len(QUERIES) == 6


@pytest.mark.parametrize(
    "query", QUERIES, ids=lambda query: re.findall(r"(?:query|mutation|subscription) (\w+)", query)[0]
)
def test_example_is_valid_against_the_schema(query: str) -> None:
    """An example that the server would refuse teaches nobody."""
    schema = build_schema((ROOT / "graphql_schema" / "schema.graphql").read_text(encoding="utf-8"))
    assert validate(schema, parse(query)) == []
