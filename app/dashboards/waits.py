"""Reads the quantiles of waits that ended in a range, in two steps: which ranges of bins they lie in, then those bins.

A day has a few dozen ranges however many events filled it, and a quantile needs the bins of one or two of them, so
what is read follows the length of the range; all bins of all days would grow twentyfold from a few events to many.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from app.dashboards.periods import Period
from app.dashboards.sources import BucketSource, Read
from app.dashboards.spans import Span, span_of
from app.usage.durations import Bins, neighbours, quantile
from app.usage.folding import BINS_TOGETHER, BucketKind
from app.usage.timeline import Step

Quantiles = Mapping[tuple[Step, float], float | None]
Numbers = dict[int, int]
Wanted = Mapping[Step, Sequence[int]]


async def read_quantiles(source: BucketSource, whole: Period, shares: Sequence[float]) -> Quantiles:
    """Return the quantiles in seconds of each step's waits that ended within the range; None where none did."""
    span = span_of(whole)
    ranges = await _read_ranges(source, span)
    wanted = {step: _ranges_of(ranges[step], shares) for step in Step if ranges[step]}
    bins = await _read_bins(source, span, wanted) if wanted else {step: {} for step in Step}
    if any(_sum_ranges(bins[step], wanted[step]) != [ranges[step][one] for one in wanted[step]] for step in wanted):
        # Events arrived between the two steps: all bins at once fit together in any case.
        bins, ranges = await _read_bins(source, span, None), {step: {} for step in Step}
    return {
        (step, share): quantile({**_stand_ins(ranges[step], wanted.get(step, ())), **bins[step]}, share)
        for step in Step
        for share in shares
    }


def _ranges_of(ranges: Bins, shares: Sequence[float]) -> list[int]:
    """Return the ranges that hold the bins of these quantiles."""
    found = [neighbours(ranges, share) for share in shares]
    return sorted({one for around in found if around for one in around[:2]})


def _sum_ranges(bins: Bins, wanted: Sequence[int]) -> list[int]:
    sums = dict.fromkeys(wanted, 0)
    for number, count in bins.items():
        sums[number // BINS_TOGETHER] += count
    return list(sums.values())


def _stand_ins(ranges: Bins, wanted: Sequence[int]) -> Numbers:
    """Return one bin for each range whose bins were not read: no quantile lies there, only the count matters."""
    return {one * BINS_TOGETHER: count for one, count in ranges.items() if one not in wanted}


async def _read_ranges(source: BucketSource, span: Span) -> dict[Step, Numbers]:
    parts = await _find(source, span, "ranges", "ranges", dict.fromkeys(Step, ("",)))
    return {step: _sum(parts[step]) for step in Step}


async def _read_bins(source: BucketSource, span: Span, wanted: Wanted | None) -> dict[Step, Numbers]:
    """Return the bins in these ranges, or all."""
    tails = {step: [f".{one}" for one in wanted.get(step, ())] if wanted is not None else [""] for step in Step}
    parts = await _find(source, span, "waits", "quarters", tails)
    return {
        step: _sum(
            bins
            for part in parts[step]
            for together, bins in part.items()
            if wanted is None or f".{together}" in tails[step]  # a source may give more than was asked for
        )
        for step in Step
    }


async def _find(
    source: BucketSource, span: Span, of_day: str, of_quarter: str, tails: Mapping[Step, Sequence[str]]
) -> dict[Step, list[Mapping[str, Any]]]:
    """Return what whole days hold in one field, and the quarters at the ends of the range in another."""
    paths = [(f"{step}", tail) for step in Step for tail in tails[step]]
    edges = [
        Read(BucketKind.WAITS, (day,), [f"{of_quarter}.{step}.{at}{tail}" for step, tail in paths for at in quarters])
        for day, quarters in span.edges.items()
    ]
    days = Read(BucketKind.COUNTS, span.days, [f"{of_day}.{step}{tail}" for step, tail in paths])
    inner, *outer = await source.find([days, *edges])
    parts: dict[Step, list[Mapping[str, Any]]] = {}
    for step in Step:
        parts[step] = [bucket.get(of_day, {}).get(step, {}) for bucket in inner]
        for bucket in chain.from_iterable(outer):
            quarters = span.edges[bucket["day"]]
            by_quarter = bucket.get(of_quarter, {}).get(step, {})
            parts[step] += [part for at, part in by_quarter.items() if int(at) in quarters]
    return parts


def _sum(parts: Iterable[Mapping[str, int]]) -> Numbers:
    sums: dict[str, int] = {}
    for part in parts:
        for key, number in part.items():
            sums[key] = sums.get(key, 0) + number
    return {int(key): number for key, number in sums.items() if number}
