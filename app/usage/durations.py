"""How long requests waited: durations as counts in logarithmic bins, which add up, subtract and merge exactly. Pure.

Each bin holds the durations that differ by at most 1 % from its middle (the mapping is DDSketch's), so a quantile
read from bins is within 1 % of the exact one, whatever the number of requests, and a bucket stays small. Bins rather
than the durations themselves: those would grow with the number of events, which the cost of a dashboard must not.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from itertools import accumulate

from ddsketch.mapping import LogarithmicMapping

RELATIVE_ERROR = 0.01
SHORTEST_SECONDS = 0.001  # what MongoDB's clock can tell; anything below shares one bin
_MAPPING = LogarithmicMapping(RELATIVE_ERROR)

Bins = Mapping[int, int]


@lru_cache(maxsize=65_536)
def bin_of(seconds: float) -> int:
    """Return the bin of a duration of zero or more seconds."""
    return int(_MAPPING.key(max(seconds, SHORTEST_SECONDS)))


def seconds_of(bin_number: int) -> float:
    """Return the duration that stands for all in a bin."""
    return float(_MAPPING.value(bin_number))


def quantile(bins: Bins, share: float) -> float | None:
    """Return the duration in seconds that `share` (0 to 1) of the durations do not pass; None where there are none.

    Between two ranks it goes in proportion, as pandas, NumPy and `statistics.median` do.
    """
    found = neighbours(bins, share)
    if found is None:
        return None
    low, high, between = found
    return seconds_of(low) + (seconds_of(high) - seconds_of(low)) * between


def neighbours(bins: Bins, share: float) -> tuple[int, int, float] | None:
    """Return the bins of the two ranks that a quantile lies between, and how far from the lower one it is (0 to 1)."""
    filled = sorted((number, count) for number, count in bins.items() if count > 0)
    reached = list(accumulate(count for _, count in filled))
    if not reached:
        return None
    rank = share * (reached[-1] - 1)
    lower, upper = math.floor(rank), math.ceil(rank)
    low, high = (filled[bisect_right(reached, one)][0] for one in (lower, upper))
    return low, high, rank - lower
