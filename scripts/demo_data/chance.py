"""Chance that can be repeated: every draw of the demo data follows from a seed and from what it is drawn for. Pure.

What happened on a day depends on the seed and that day alone, not on when it is asked for; so loading again on another
day makes the same records, with the same ids, and only adds the days since.
"""

import math
from collections.abc import Mapping
from random import Random
from typing import TypeVar
from uuid import UUID

Thing = TypeVar("Thing")


def chance(*parts: object) -> Random:
    """Return the source of chance for one purpose; equal parts give equal draws."""
    return Random("/".join(map(str, parts)))  # noqa: S311 - to be repeated, not to be secret


def new_uuid(source: Random) -> str:
    """Draw an upper-case UUID, the notice's form for ids."""
    return str(UUID(int=source.getrandbits(128), version=4)).upper()


def pick_count(source: Random, mean: float) -> int:
    """Draw a count of independent happenings (Poisson) of which there are `mean` on average."""
    left, count = mean - source.expovariate(1), 0
    while left > 0:
        left -= source.expovariate(1)
        count += 1
    return count


def pick_delay_seconds(source: Random, median_seconds: float, spread: float) -> float:
    """Draw a waiting time (lognormal): half are shorter than the median, a few very much longer."""
    return median_seconds * math.exp(source.gauss(0, spread))


def pick_weighted(source: Random, weights: Mapping[Thing, float]) -> Thing:
    """Draw one of the things by weight."""
    return source.choices(list(weights), list(weights.values()))[0]


def pick_frequent(source: Random, length: int) -> int:
    """Draw an index below `length`, where the first ones come up far more often than the last."""
    return min(int(length * source.random() ** 2.2), length - 1)
