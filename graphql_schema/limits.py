"""What an operation may weigh (design section 8), as one table, and the refusal that names limit, number and maximum.

The numbers are found elsewhere: `weighing.py` (shape), `cost.py` and `Context.charge` (rows), `plan.py` (text),
`variables.py` (values).
"""

from dataclasses import dataclass

from app.errors import AppError, ErrorCode


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest operation that is run."""

    characters: int = 100_000
    lines: int = 5_000
    tokens: int = 1_000
    depth: int = 10
    introspection_depth: int = 16  # the explorer's own query has 14
    aliases: int = 30
    fields: int = 5_000  # each costs a point or more, so no larger operation could be paid for
    root_fields: int = 20
    directives: int = 50
    cost: int = 5_000
    introspections: int = 4  # uses of __schema and __type
    introspection_cost: int = 60_000  # the explorer's own query costs 23 000 and runs 23 ms
    overlap: int = 5_000  # steps of the field-merging rule, about 3 us each: some 70 fields of one name in one place
    variables: int = 100
    variable_values: int = 2_000


LIMITS = Limits()
FAR = 1_000_000  # numbers stop growing here: a bomb's true weight has thousands of digits


def check(limit: str, actual: int, maximum: int) -> None:
    """Raise `TOO_COMPLEX` if `actual` is above `maximum`."""
    if actual > maximum:
        number = f"at least {actual}" if actual >= FAR else str(actual)
        raise too_complex(limit, maximum, number, actual)


def too_complex(limit: str, maximum: int, number: str, actual: int) -> AppError:
    """Return the refusal; `number` is how `actual` reads in the sentence where it was not counted to its end."""
    sentence = f"The operation has {number} {limit}; at most {maximum} are allowed."
    return AppError(ErrorCode.TOO_COMPLEX, sentence, limit=limit, actual=actual, maximum=maximum)


def more_than(limit: str, maximum: int) -> AppError:
    """Return the refusal of what was not counted past its maximum."""
    return too_complex(limit, maximum, f"more than {maximum}", maximum + 1)
