"""Quantiles of durations and rates from counts in logarithmic bins (DDSketch), which `$inc` adds up without reading.

Each quantile is within 2 % of the exact one; a sketch has at most 900 bins, however many reports it holds. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ddsketch.ddsketch import BaseDDSketch
from ddsketch.mapping import LogarithmicMapping
from ddsketch.store import DenseStore

RELATIVE_ERROR = 0.02
LOWEST, HIGHEST = 0.001, 86_400_000.0  # beyond, values share the last bin: below a microsecond, above a day
_MAPPING = LogarithmicMapping(RELATIVE_ERROR)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """What half, nine tenths and ninety-nine hundredths of the values do not pass."""

    count: int
    p50: float | None
    p90: float | None
    p99: float | None


def bin_of(value: float) -> int:
    """Return the bin of a value; negative ones and those that are no number go to the lowest."""
    return int(_MAPPING.key(min(max(value, LOWEST), HIGHEST) if value == value else LOWEST))  # noqa: PLR0124 - NaN


def merge_bins(into: dict[str, int], bins: Mapping[str, int]) -> None:
    """Add the counts of `bins`."""
    for name, count in bins.items():
        into[name] = into.get(name, 0) + count


def quantiles_of(bins: Mapping[str, int]) -> Quantiles:
    """Return the quantiles of merged bins; None where there are no values."""
    store: Any = DenseStore()
    for name, count in bins.items():
        store.add(int(name), count)
    sketch: Any = BaseDDSketch(_MAPPING, store, DenseStore(), 0)
    p50, p90, p99 = (sketch.get_quantile_value(share) for share in (0.5, 0.9, 0.99))
    return Quantiles(int(store.count), p50, p90, p99)
