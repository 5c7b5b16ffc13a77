"""What the check of the chain finds, and that it says where."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from app.database.client import Database
from app.errors import AppError
from app.receipts.model import EMPTY_CHAIN, SEQUENCE_MAX, compute_hash, receipt_id
from app.receipts.store import HEADS, RECEIPTS
from app.receipts.verification import Problem, Verification, verify_receipts
from app.receipts.writer import ReceiptWriter
from tests.app.receipts.drafts import NOON, draft

LIFE = timedelta(days=730)
Verify = Callable[..., Awaitable[Verification]]


@pytest.fixture
async def verify(database: Database, writer: ReceiptWriter) -> Verify:
    """Write ten receipts, a day apart, and give the check of their database."""
    await writer.append([draft(NOON + timedelta(days=day)) for day in range(10)])
    await writer.close()

    async def run(first: int = 1, last: int = SEQUENCE_MAX, days: int = 10, **known: Any) -> Verification:  # noqa: ANN401
        return await verify_receipts(database, first, last, now=NOON + timedelta(days=days), life=LIFE, **known)

    return run


async def change(database: Database, sequence: int, **values: object) -> None:
    """Change a stored receipt as somebody with the database's password would."""
    options = {"bypass_document_validation": True}
    await database[RECEIPTS].update_one({"_id": receipt_id(sequence)}, {"$set": values}, **options)


def finding(found: Verification) -> tuple[int | None, Problem | None, int]:
    """Return where, what, and how many good ones are before it."""
    assert not found.ok
    return found.first_bad_sequence, found.problem, found.checked


async def test_whole_chain_and_each_part_of_it_is_good(verify: Verify) -> None:
    """All ten are good; so are ranges inside, at the end and beyond it."""
    whole = await verify()
    assert (whole.ok, whole.checked, whole.end and whole.end.sequence) == (True, 10, 10)
    assert [(await verify(*part)).checked for part in ((3, 5), (10, 10), (8, 40), (11, 12))] == [3, 1, 3, 0]


async def test_empty_chain_is_good(database: Database) -> None:
    """Where nothing was written nothing is missing; where something else tells of a receipt, all are."""
    assert await verify_receipts(database, 1, 5, now=NOON, life=LIFE) == Verification(ok=True, end=EMPTY_CHAIN)
    assert finding(await verify_receipts(database, 1, 5, now=NOON, life=LIFE, reached=3)) == (1, Problem.CUT_OFF, 0)


async def test_one_changed_byte_is_found_at_its_place(database: Database, verify: Verify) -> None:
    """One character of one field is changed."""
    await change(database, 4, actor="issuer|agenu")
    assert finding(await verify()) == (4, Problem.ALTERED, 3)


async def test_altered_receipt_with_a_new_hash_breaks_the_next(database: Database, verify: Verify) -> None:
    """Whoever computes the hash anew is found at the receipt after."""
    receipt = await database[RECEIPTS].find_one({"_id": receipt_id(4)})
    receipt["actor"] = "somebody else"
    await change(database, 4, actor=receipt["actor"], hash=compute_hash(receipt))
    assert finding(await verify()) == (5, Problem.NOT_LINKED, 4)
    assert finding(await verify(5, 10)) == (5, Problem.NOT_LINKED, 0)


@pytest.mark.parametrize(("gone", "expected"), [(1, (1, 0)), (4, (4, 3))])
async def test_missing_receipt_is_found(
    database: Database, verify: Verify, gone: int, expected: tuple[int, int]
) -> None:
    """A receipt taken out of the middle or of the beginning leaves its place."""
    await database[RECEIPTS].delete_one({"_id": receipt_id(gone)})
    assert finding(await verify()) == (expected[0], Problem.MISSING, expected[1])


async def test_two_exchanged_receipts_are_found(database: Database, verify: Verify) -> None:
    """Receipts 4 and 5 change places."""
    four, five = [await database[RECEIPTS].find_one({"_id": receipt_id(number)}) for number in (4, 5)]
    for place, receipt in ((4, five), (5, four)):
        await database[RECEIPTS].replace_one({"_id": receipt_id(place)}, {**receipt, "_id": receipt_id(place)})
    assert finding(await verify()) == (4, Problem.ALTERED, 3)


@pytest.mark.parametrize("kept", [7, 0])
async def test_cut_tail_is_found_by_the_head(database: Database, verify: Verify, kept: int) -> None:
    """The last receipts, or all, are deleted; the head knows that there were ten."""
    await database[RECEIPTS].delete_many({"_id": {"$gt": receipt_id(kept)}})
    assert finding(await verify()) == (kept + 1, Problem.CUT_OFF, kept)


async def test_cut_tail_is_found_without_its_head(database: Database, verify: Verify) -> None:
    """The head is gone too, but an erasure was listed under receipt 9."""
    await database[RECEIPTS].delete_many({"_id": {"$gt": receipt_id(7)}})
    await database[HEADS].delete_many({})
    assert finding(await verify(reached=9)) == (8, Problem.CUT_OFF, 7)
    assert (await verify(reached=7)).ok


async def test_chain_made_anew_is_found_by_an_end_noted_elsewhere(verify: Verify) -> None:
    """An auditor's note shows a chain that fits together but is another one."""
    end = (await verify()).end
    assert end is not None
    assert (await verify(known={end.sequence: end.hash})).ok
    assert finding(await verify(known={6: "f" * 64})) == (6, Problem.OTHER_CHAIN, 5)
    assert finding(await verify(known={12: "f" * 64})) == (11, Problem.CUT_OFF, 10)


async def test_receipts_erased_by_age_are_no_finding(database: Database, verify: Verify) -> None:
    """The first three are past their life and gone; the chain may begin at the fourth then, and not before."""
    await database[RECEIPTS].delete_many({"_id": {"$lte": receipt_id(3)}})
    after = 730 + 2
    assert finding(await verify(days=after)) == (1, Problem.MISSING, 0)
    aged = await verify(days=after + 1)
    assert (aged.ok, aged.checked) == (True, 7)
    assert (await verify(1, 2, days=after + 1)).checked == 0


async def test_a_forged_age_excuses_no_missing_receipt(database: Database, verify: Verify) -> None:
    """The first three are taken out and the fourth says that they were old; a range of the missing alone shows it."""
    await database[RECEIPTS].delete_many({"_id": {"$lte": receipt_id(3)}})
    await change(database, 4, previousAt=NOON - 2 * LIFE)
    assert finding(await verify(1, 2)) == (1, Problem.MISSING, 0)


async def test_all_erased_by_age_is_no_finding_and_the_chain_goes_on(database: Database, verify: Verify) -> None:
    """When age has erased everything, the head still says how to go on."""
    await database[RECEIPTS].delete_many({})
    assert (await verify(days=740)).ok
    late = NOON + timedelta(days=740)
    (receipt,) = await ReceiptWriter(database).append([draft(late)])
    assert receipt["sequence"] == 11
    assert (await verify(days=740)).checked == 1


@pytest.mark.parametrize("told", [{"reached": 11}, {"known": {11: "f" * 64}}])
async def test_age_excuses_no_receipt_beyond_the_head(database: Database, verify: Verify, told: dict[str, Any]) -> None:
    """All are gone and the head is old enough for that; but something else tells of one more than the head."""
    await database[RECEIPTS].delete_many({})
    assert finding(await verify(days=740, **told)) == (11, Problem.CUT_OFF, 0)
    assert (await verify(days=740, reached=10)).ok


async def test_an_aged_head_is_held_against_what_was_noted(database: Database, verify: Verify) -> None:
    """With every receipt erased by age, the head itself must be the end that an auditor noted."""
    head = (await verify()).end
    assert head is not None
    await database[RECEIPTS].delete_many({})
    assert (await verify(days=740, known={10: head.hash})).ok
    assert finding(await verify(days=740, known={10: "f" * 64})) == (10, Problem.OTHER_CHAIN, 0)


async def test_range_that_is_none_is_refused(verify: Verify) -> None:
    """A range must begin at 1 or later and not end before it begins."""
    for first, last in ((0, 5), (5, 4)):
        with pytest.raises(AppError, match="fromSequence"):
            await verify(first, last)


async def test_broken_receipt_does_not_break_the_check(database: Database, verify: Verify) -> None:
    """A receipt whose fields are gone is altered, whatever is left of it."""
    unset = {"$unset": {"hash": "", "previousAt": ""}}
    await database[RECEIPTS].update_one({"_id": receipt_id(10)}, unset, bypass_document_validation=True)
    assert finding(await verify()) == (10, Problem.ALTERED, 9)
