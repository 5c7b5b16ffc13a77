"""Quantiles found through ranges of bins are those of all bins, whatever the range and whatever arrives meanwhile."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from app.dashboards.periods import QUARTER, Period
from app.dashboards.sources import FoldedBuckets, Read
from app.dashboards.waits import read_quantiles
from app.database.client import Document
from app.usage.durations import bin_of, quantile
from app.usage.folding import Additions
from app.usage.timeline import Step, Wait

START = datetime(2026, 3, 1, tzinfo=UTC)
SHARES = (0.5, 0.9)
WAITS = some.builds(
    Wait,
    some.sampled_from(Step),
    some.integers(0, 5 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds)),
    some.floats(0.0001, 31 * 86_400),
)


def fold(waits: Sequence[Wait]) -> FoldedBuckets:
    """The buckets of these waits."""
    additions = Additions()
    for wait in waits:
        additions.add_wait("company", wait)
    return FoldedBuckets(additions.buckets())


def expected(waits: Sequence[Wait], whole: Period) -> dict[tuple[Step, float], float | None]:
    """The quantiles of all bins at once."""
    bins = {
        step: Counter(
            bin_of(wait.seconds) for wait in waits if wait.step == step and whole.start <= wait.ended_at < whole.end
        )
        for step in Step
    }
    return {(step, share): quantile(bins[step], share) for step in Step for share in SHARES}


@given(some.lists(WAITS, max_size=60), some.integers(0, 400), some.integers(1, 400))
async def test_quantiles_of_any_range_are_those_of_all_its_bins(waits: list[Wait], start: int, length: int) -> None:
    """A range within a day, over several, at midnights or between."""
    whole = Period(START + QUARTER * start, START + QUARTER * (start + length))
    assert await read_quantiles(fold(waits), whole, SHARES) == expected(waits, whole)


@dataclass
class MovingBuckets:
    """Buckets to which events are added after the first look at them."""

    states: list[FoldedBuckets]
    reads: list[Sequence[Read]] = field(default_factory=list)

    async def find(self, reads: Sequence[Read]) -> list[list[Document]]:
        """Answer from the present state, and go on to the next one."""
        self.reads.append(reads)
        return await self.states[min(len(self.reads), len(self.states)) - 1].find(reads)


async def test_waits_that_end_between_two_looks_are_all_counted_or_not_at_all() -> None:
    """When the bins do not fit the ranges seen before, all bins are read in one look."""
    before = [Wait(Step.APPROVAL, START, 100.0 * number) for number in range(1, 20)]
    after = [*before, *(Wait(Step.APPROVAL, START, 1_000.0) for _ in range(9))]
    whole = Period(START, START + timedelta(days=1))
    source = MovingBuckets([fold(before), fold(after)])
    assert await read_quantiles(source, whole, SHARES) == expected(after, whole)
    assert len(source.reads) == 3
    calm = MovingBuckets([fold(before)])
    assert await read_quantiles(calm, whole, SHARES) == expected(before, whole)
    assert len(calm.reads) == 2
