"""Checks the chain of receipts: finds what was altered, taken out, put in another order, or cut off at the end.

Whoever may write to the database could compute a whole new chain. Against that an auditor keeps an earlier end (place
and hash) elsewhere and passes it as `known`. Receipts gone by age are no finding; that they were old enough is checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.database.client import Database
from app.errors import bad_input
from app.receipts.model import EMPTY_CHAIN, SEQUENCE_MAX, ChainEnd, Receipt, end_of, is_intact, receipt_id
from app.receipts.store import read_head, read_outermost, read_receipt, stream_receipts


class Problem(StrEnum):
    """What is wrong at the first bad place."""

    ALTERED = "altered"
    MISSING = "missing"
    NOT_LINKED = "not linked to the one before"
    CUT_OFF = "cut off with all after it"
    OTHER_CHAIN = "not the one that was noted"


@dataclass(frozen=True, slots=True)
class Verification:
    """The finding: how many receipts were checked, where the first bad one is, and the last good end."""

    ok: bool
    checked: int = 0
    first_bad_sequence: int | None = None
    problem: Problem | None = None
    end: ChainEnd | None = None


async def verify_receipts(
    database: Database,
    from_sequence: int,
    to_sequence: int,
    *,
    now: datetime,
    life: timedelta,
    known: Mapping[int, str] | None = None,
    reached: int = 0,
) -> Verification:
    """Check a range of the chain as it is now; raises `BAD_USER_INPUT` for a range that is none.

    `life` is how long receipts are kept; `known` gives hashes by sequence that were noted elsewhere; `reached` is a
    receipt that something else tells of, so that one was written whatever the chain and its head say now.
    """
    if not 1 <= from_sequence <= to_sequence <= SEQUENCE_MAX:
        raise bad_input("fromSequence", "lie between 1 and toSequence")
    head = await read_head(database)
    noted = {**({head.sequence: head.hash} if head else {}), **(known or {})}
    first, last = await read_outermost(database, 1), await read_outermost(database, -1)
    if first is None or last is None:
        return _verify_none_left(from_sequence, head or EMPTY_CHAIN, noted, reached, erased_before=now - life)
    start = max(from_sequence, int(first["_id"]))
    if start > from_sequence and not _may_begin(first, now - life):
        return _bad(from_sequence, 0, Problem.MISSING, None)
    stop = min(to_sequence, max(int(last["_id"]), *noted, reached)) + 1
    before = await _end_before(database, start)
    return await _walk(database, range(start, stop), before, noted)


def _verify_none_left(
    from_sequence: int, head: ChainEnd, noted: Mapping[int, str], reached: int, *, erased_before: datetime
) -> Verification:
    """Check a chain of which no receipt is left: nothing was written, or all of it is so old that it is erased."""
    if max(*noted, reached, 0) > head.sequence:
        return _bad(max(from_sequence, head.sequence + 1), 0, Problem.CUT_OFF, None)
    if head.sequence and (head.at is None or head.at >= erased_before):
        return _bad(from_sequence, 0, Problem.CUT_OFF, None)
    if noted.get(head.sequence, head.hash) != head.hash:
        return _bad(head.sequence, 0, Problem.OTHER_CHAIN, None)
    return Verification(ok=True, end=head)


def _bad(sequence: int, checked: int, problem: Problem, end: ChainEnd | None) -> Verification:
    return Verification(ok=False, checked=checked, first_bad_sequence=sequence, problem=problem, end=end)


def _may_begin(receipt: Receipt, erased_before: datetime) -> bool:
    """Return whether all receipts before this one are so old that they are erased; times never run backwards."""
    return is_intact(receipt) and receipt["previousAt"] is not None and receipt["previousAt"] < erased_before


async def _end_before(database: Database, start: int) -> ChainEnd | None:
    """Return what the first receipt of the range must follow; None if that is gone or not intact itself."""
    if start == 1:
        return EMPTY_CHAIN
    receipt = await read_receipt(database, start - 1)
    return end_of(receipt) if receipt and is_intact(receipt) else None


async def _walk(database: Database, places: range, end: ChainEnd | None, noted: Mapping[int, str]) -> Verification:
    expected = places.start
    async for receipt in stream_receipts(database, places.start, places.stop - 1):
        if problem := _problem_of(receipt, expected, end, noted):
            return _bad(expected, expected - places.start, problem, end)
        end = end_of(receipt)
        expected += 1
    if expected < places.stop:
        return _bad(expected, expected - places.start, Problem.CUT_OFF, end)
    return Verification(ok=True, checked=expected - places.start, end=end)


def _problem_of(receipt: Receipt, expected: int, end: ChainEnd | None, noted: Mapping[int, str]) -> Problem | None:
    if receipt["_id"] != receipt_id(expected):
        return Problem.MISSING
    if not is_intact(receipt):
        return Problem.ALTERED
    if end and (receipt["previousHash"], receipt["previousAt"]) != (end.hash, end.at):
        return Problem.NOT_LINKED
    if noted.get(expected, receipt["hash"]) != receipt["hash"]:
        return Problem.OTHER_CHAIN
    return None
