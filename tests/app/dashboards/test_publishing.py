"""When a count is published again, as a rule on numbers alone."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from app.dashboards.publishing import next_shares

SHARES = st.dictionaries(st.sampled_from("abcdefghij"), st.integers(1, 3))
FIVE = dict.fromkeys("abcde", 1)


def test_five_companies_are_published_and_four_are_not() -> None:
    """The first time."""
    assert next_shares(FIVE, {}, is_shown=False) == FIVE
    assert next_shares(dict.fromkeys("abcd", 9), {}, is_shown=False) is None


def test_a_count_that_was_lost_is_made_of_what_was_published() -> None:
    """Not of what has come since."""
    assert next_shares({**FIVE, "a": 7}, FIVE, is_shown=False) == FIVE


def test_a_count_of_too_few_is_hidden_again() -> None:
    """After a correction of many."""
    assert next_shares({}, FIVE, is_shown=True) == {}


@given(SHARES, SHARES)
def test_a_publication_changes_five_companies_or_none(now: Mapping[str, int], then: Mapping[str, int]) -> None:
    """Whatever has happened in between."""
    new = next_shares(now, then, is_shown=True)
    if new is not None:
        assert sum(now.get(company, 0) != then.get(company, 0) for company in {*now, *then}) >= 5
        assert not new or (new == now and len(new) >= 5)
