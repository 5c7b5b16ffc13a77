"""Reads the quantiles of waits that ended in a range, in two steps: which ranges of bins they lie in, then those bins.

A day has a few dozen ranges however many events filled it, and a quantile needs the bins of one or two of them, so
what is read follows the length of the range; all bins of all days would grow twentyfold from a few events to many.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from app.dashboards.periods import Period
from app.dashboards.sources import BucketSource, Read, fields_of
from app.dashboards.spans import Span, span_of
from app.database.client import Document
from app.usage.durations import Bins, neighbours, quantile
from app.usage.folding import BINS_TOGETHER, QUARTERS, BucketKind
from app.usage.timeline import Step

Quantiles = Mapping[tuple[Step, float], float | None]
Numbers = dict[int, int]
Wanted = Mapping[Step, Sequence[int]]
Part = Mapping[str, Any]  # numbers, or further parts, by what stands as a field's name


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
    edges = [Read(BucketKind.WAITS, (day,), fields_of("ranges", Step, at)) for day, at in span.edges.items()]
    inner, *outer = await source.find([Read(BucketKind.COUNTS, span.days, ["ranges"]), *edges])
    sums: dict[Step, Numbers] = {}
    for step in Step:
        parts = [_part(bucket, "ranges", step) for bucket in inner]
        for bucket in chain.from_iterable(outer):
            parts += _inside(_part(bucket, "ranges", step), span.edges[bucket["day"]])
        sums[step] = _sum(parts)
    return sums


async def _read_bins(source: BucketSource, span: Span, wanted: Wanted | None) -> dict[Step, Numbers]:
    """Return the bins in these ranges, or all."""
    names = list(Step) if wanted is None else [f"{step}.{one}" for step in wanted for one in wanted[step]]
    edges = [
        Read(BucketKind.WAITS, (day,), fields_of("quarters", names, at if wanted else range(QUARTERS)))
        for day, at in span.edges.items()
    ]
    inner, *outer = await source.find([Read(BucketKind.COUNTS, span.days, [f"waits.{name}" for name in names]), *edges])
    sums: dict[Step, Numbers] = {}
    for step in Step:
        keep = None if wanted is None else {f"{one}" for one in wanted.get(step, ())}
        parts = [bins for bucket in inner for bins in _kept(_part(bucket, "waits", step), keep)]
        for bucket in chain.from_iterable(outer):
            for by_quarter in _kept(_part(bucket, "quarters", step), keep):
                parts += _inside(by_quarter, span.edges[bucket["day"]])
        sums[step] = _sum(parts)
    return sums


def _part(bucket: Document, field: str, step: Step) -> Part:
    part: Part = bucket.get(field, {}).get(step, {})
    return part


def _kept(by_range: Part, keep: Collection[str] | None) -> Iterable[Part]:
    """Return what stands in the ranges to keep: a source may give others too."""
    return by_range.values() if keep is None else (by_range[key] for key in keep if key in by_range)


def _inside(by_quarter: Part, quarters: range) -> Iterable[Part]:
    return (part for quarter, part in by_quarter.items() if int(quarter) in quarters)


def _sum(parts: Iterable[Part]) -> Numbers:
    sums: dict[str, int] = {}
    for part in parts:
        for key, number in part.items():
            sums[key] = sums.get(key, 0) + number
    return {int(key): number for key, number in sums.items() if number}
