"""The chain itself: canonical hashes, order, times that never run backwards."""

import hashlib
from datetime import timedelta

import pytest

from app.receipts.model import EMPTY_CHAIN, chain_receipts, compute_hash, end_of, is_intact
from tests.app.receipts.drafts import NOON, draft


def test_hash_is_of_canonical_json_that_anybody_can_compute() -> None:
    """The first receipt's hash is the SHA-256 of sorted, compact JSON with UTC milliseconds."""
    (receipt,) = chain_receipts([draft()], EMPTY_CHAIN)
    expected = (
        '{"actor":"issuer|agent","at":"2026-05-04T12:00:00.000+00:00","companyId":"COMPANY",'
        '"fields":["Company.companyName","IdentifiedProfile.msUpn"],"granted":true,'
        f'"previousAt":null,"previousHash":"{"0" * 64}","reason":"A support request is taken.",'
        '"role":"support","sequence":1,"subjectId":"PERSON","supportRequestId":"request"}'
    )
    assert receipt["hash"] == hashlib.sha256(expected.encode()).hexdigest()


def test_receipts_follow_each_other_and_the_end() -> None:
    """Each receipt carries the hash and time of the one before."""
    first, second = chain_receipts([draft(), draft()], EMPTY_CHAIN)
    (third,) = chain_receipts([draft()], end_of(second))
    assert [one["sequence"] for one in (first, second, third)] == [1, 2, 3]
    assert [second["previousHash"], third["previousHash"]] == [first["hash"], second["hash"]]


def test_time_never_runs_backwards_along_the_chain() -> None:
    """A host whose clock is behind writes the time of the receipt before."""
    first, second = chain_receipts([draft(), draft(NOON - timedelta(seconds=5))], EMPTY_CHAIN)
    assert second["at"] == first["at"] == second["previousAt"]


@pytest.mark.parametrize(
    "change",
    [
        {"granted": 1},
        {"subjectId": None},
        {"subjectId": float("nan"), "companyId": None},
        {"fields": ["Company.companyName"]},
        {"at": NOON + timedelta(milliseconds=1)},
        {"extra": "x"},
        {"_id": "000000000000002"},
    ],
)
def test_any_change_of_a_value_or_type_shows(change: dict[str, object]) -> None:
    """No field can be changed, retyped, added or moved without the receipt ceasing to be intact."""
    (receipt,) = chain_receipts([draft()], EMPTY_CHAIN)
    assert is_intact(receipt)
    assert not is_intact({**receipt, **change})


def test_missing_field_shows() -> None:
    """A receipt without one of its fields is not intact."""
    (receipt,) = chain_receipts([draft()], EMPTY_CHAIN)
    del receipt["reason"]
    assert not is_intact(receipt)


def test_null_in_place_of_a_value_changes_the_hash() -> None:
    """What is null is hashed as null, not left out."""
    with_company, without = (chain_receipts([draft(company_id=value)], EMPTY_CHAIN)[0] for value in ("C", None))
    assert compute_hash(with_company) != compute_hash(without)
