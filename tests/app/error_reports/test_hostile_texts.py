"""Texts made to be slow for patterns that can match one text in many ways: they cost no more than others."""

import time
from collections.abc import Callable

import pytest

from app.error_reports.grouping import fingerprint_of
from app.error_reports.scrubbing import Scrubber

LONGEST_SECONDS = 0.05


def best_of_three(work: Callable[[int], object]) -> float:
    """Return the seconds that it takes at best, since other work shares the machine; told the turn, not to be kept."""
    taken = []
    for turn in range(3):
        start = time.process_time()
        work(turn)
        taken.append(time.process_time() - start)
    return min(taken)


@pytest.mark.parametrize(
    "unit", ["/", "//", "a/", "[cause]: ", "[errors]: ", "[", "a.", "a+", "@:1", "-> ", " in ", "<a>"]
)
@pytest.mark.parametrize("opening", ["    at ", "", "    at f ("])
def test_a_hostile_trace_is_grouped_in_time(unit: str, opening: str) -> None:
    """Lines of a trace are cut, and their patterns take time in proportion to what is left."""
    line = f"{opening}{unit * (500 // len(unit))}!"

    def group(turn: int) -> str:
        trace = "\n".join([f"TypeError: {turn}", *(f"{line}{turn}{place}" for place in range(15))])
        return fingerprint_of({"kind": "EXCEPTION"}, {"exception": {"type": "TypeError", "stackTrace": trace}})

    assert best_of_three(group) < LONGEST_SECONDS


@pytest.mark.parametrize("unit", ["\\", '\\\\"', "*", "[a", ")", "\\'", "null"])
def test_a_hostile_value_of_a_secret_is_judged_in_time(unit: str) -> None:
    """What follows `pwd=` is looked at as a whole, however long it is."""
    text = f"pwd={unit * (30_000 // len(unit))}x"
    assert best_of_three(lambda _: Scrubber().scrub("message", text)) < LONGEST_SECONDS
