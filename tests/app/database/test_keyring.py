"""Ids made from secrets have the form and the bits that stored data has."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.database.keyring import shape_as_uuid


@settings(deadline=None)
@given(st.binary(min_size=16, max_size=32))
def test_an_id_is_the_first_bytes_and_nothing_else(digest: bytes) -> None:
    """No bit is set for a version or variant: stored ids would be others."""
    first, *others = shape_as_uuid(digest).split("-")
    assert [len(part) for part in (first, *others)] == [8, 4, 4, 4, 12]
    assert "".join([first, *others]) == digest[:16].hex().upper()


def test_ids_are_those_that_are_stored() -> None:
    """Whoever changes this makes all ids of people, companies and census records new."""
    assert shape_as_uuid(bytes(range(32))) == "00010203-0405-0607-0809-0A0B0C0D0E0F"
    assert shape_as_uuid(b"\xff" * 32) == "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"
