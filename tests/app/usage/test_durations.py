"""Waits in bins are within 1 % of the exact ones, and add up and subtract exactly."""

import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.usage.durations import bin_of, quantile, seconds_of

SECONDS = some.floats(0.001, 31 * 86_400)


@given(SECONDS)
def test_a_bin_stands_for_durations_within_one_percent(seconds: float) -> None:
    """From a millisecond to 31 days."""
    assert seconds_of(bin_of(seconds)) == pytest.approx(seconds, rel=0.0100001)


@given(some.lists(SECONDS, min_size=1, max_size=60))
def test_median_from_bins_is_within_one_percent_of_the_exact_one(waits: list[float]) -> None:
    """However few there are."""
    found = quantile(Counter(bin_of(wait) for wait in waits), 0.5)
    assert found == pytest.approx(statistics.median(waits), rel=0.0100001)


def test_no_waits_have_no_quantile() -> None:
    """Zeros that subtraction left count for nothing."""
    assert quantile({bin_of(5): 0}, 0.5) is None
    assert quantile({}, 0.9) is None
