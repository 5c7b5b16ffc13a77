"""Promises of the rotation: a new master key, and every value, look-up and id as before."""

import pytest

from app.errors import AppError, ErrorCode
from tests.app.database.vaults import ACCESS, Vaults, random_master_key


async def test_rotation_keeps_values_indexes_and_ids(vaults: Vaults) -> None:
    """After the rewrap the new master key alone opens what the old one wrapped, and finds what was indexed."""
    old = await vaults.open()
    sealed = await old.vault.seal("company", {"msUpn": "planted"})
    new_key = random_master_key()
    between = await vaults.open(new_master_key=new_key)
    await between.vault.rewrap(await between.vault.stale_keys())
    assert await between.vault.stale_keys() == []
    new = await vaults.open(master_key=new_key)
    assert await new.vault.open(ACCESS, [sealed["msUpn"]]) == ["planted"]
    assert new.vault.blind_index("upn", "x") == old.vault.blind_index("upn", "x")
    assert new.keyring.pseudonym("x") == old.keyring.pseudonym("x")


async def test_servers_with_both_keys_run_on_meanwhile(vaults: Vaults) -> None:
    """A half-done rotation is served by whoever has both keys, and new data keys are wrapped by the new one."""
    old = await vaults.open()
    sealed = await old.vault.seal("one", {"a": "1"}) | await old.vault.seal("two", {"b": "2"})
    both = await vaults.open(new_master_key=random_master_key())
    stale = await both.vault.stale_keys()
    await both.vault.rewrap(stale[:1])
    assert await both.vault.open(ACCESS, list(sealed.values())) == ["1", "2"]
    await both.vault.seal("three", {"c": "3"})
    assert await both.vault.stale_keys() == stale[1:]


async def test_the_old_key_alone_opens_nothing_after_the_rotation(vaults: Vaults) -> None:
    """A server left with the old key answers UNAVAILABLE, not nothing."""
    old = await vaults.open()
    sealed = await old.vault.seal("company", {"msUpn": "planted"})
    both = await vaults.open(new_master_key=random_master_key())
    await both.vault.rewrap(await both.vault.stale_keys())
    left = await vaults.open(prepare=False)
    with pytest.raises(AppError) as refusal:
        await left.vault.open(ACCESS, [sealed["msUpn"]])
    assert refusal.value.code == ErrorCode.UNAVAILABLE
