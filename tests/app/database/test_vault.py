"""Promises of the vault: sealed values open for a proof only, and never again once their key is destroyed."""

import asyncio
from typing import Any, cast

import pytest
from bson import Binary
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.errors import WriteError

from app.database.access import OpenAccess, grant_access
from app.database.validators import VALIDATORS
from app.database.vault import INSTALLATION, Vault, is_sealed
from app.errors import AppError, ErrorCode
from app.settings import SettingsError
from tests.app.database.vaults import ACCESS, OpenedVault, Vaults

PROFILE = {"msUpn": "planted.upn@contoso.example", "name": "Planted Näme", "msTenantId": "planted-tenant"}


async def seal_one(vault: Vault, owner: str, text: str = "planted") -> Binary:
    """Return one sealed value."""
    return (await vault.seal(owner, {"field": text}))["field"]


async def test_sealed_values_open_as_they_were(opened: OpenedVault) -> None:
    """What is sealed comes back letter by letter, in the order asked, and looks different each time."""
    sealed = await opened.vault.seal("company", PROFILE)
    again = await opened.vault.seal("company", PROFILE)
    assert all(is_sealed(value) for value in sealed.values())
    assert sealed["msUpn"] != again["msUpn"]
    assert await opened.vault.open(ACCESS, list(sealed.values())) == list(PROFILE.values())


async def test_nothing_opens_without_the_proof(opened: OpenedVault) -> None:
    """An OpenAccess cannot be made by hand, nor without a receipt, and the vault takes nothing else."""
    with pytest.raises(TypeError):
        OpenAccess("agent", frozenset(), (1,), maker=object())
    with pytest.raises(ValueError, match="receipt"):
        grant_access("agent", frozenset(), ())
    with pytest.raises(TypeError):
        await opened.vault.open(cast("OpenAccess", "agent"), [await seal_one(opened.vault, "company")])


async def test_a_raw_dump_holds_no_plaintext(vaults: Vaults, opened: OpenedVault) -> None:
    """A plain client that reads every collection finds neither a value nor the key of the indexes."""
    sealed = await opened.vault.seal("company", PROFILE)
    await opened.database["dump"].insert_one({"restricted": sealed})
    with MongoClient[RawBSONDocument](vaults.settings.mongodb_uri.get_secret_value()) as client:
        plain = client.get_database(opened.database.name, CodecOptions(document_class=RawBSONDocument))
        dump = b"".join(row.raw for name in plain.list_collection_names() for row in plain[name].find())
    assert b"restricted" in dump
    assert not any(text.encode() in dump for text in PROFILE.values())
    assert opened.keyring.master_key is not None
    assert opened.keyring.master_key not in dump


async def test_a_destroyed_key_yields_nothing_in_any_process(vaults: Vaults, opened: OpenedVault) -> None:
    """Copies of the values, and processes that had the key in memory, yield nothing from then on; others stay."""
    other = await vaults.open()
    gone, kept = await seal_one(opened.vault, "gone"), await seal_one(opened.vault, "kept")
    assert await other.vault.open(ACCESS, [gone, kept]) == ["planted", "planted"]
    assert await opened.vault.destroy_key("gone")
    for vault in (opened.vault, other.vault, (await vaults.open()).vault):
        assert await vault.open(ACCESS, [gone, kept]) == [None, "planted"]
    assert not await other.vault.destroy_key("gone")


async def test_a_new_key_does_not_open_what_the_old_one_sealed(opened: OpenedVault) -> None:
    """After an erasure the same owner gets a new key; the old values stay closed."""
    old = await seal_one(opened.vault, "company")
    await opened.vault.destroy_key("company")
    new = await seal_one(opened.vault, "company", "new")
    assert await opened.vault.open(ACCESS, [old, new]) == [None, "new"]


async def test_each_owner_has_one_key_of_its_own(vaults: Vaults, opened: OpenedVault) -> None:
    """Owners never share a key, and several processes that seal first for one owner end with one key."""
    other = await vaults.open()
    both = (opened.vault, other.vault)
    sealed = await asyncio.gather(*(seal_one(vault, "racy") for vault in both for _ in range(5)))
    foreign = await seal_one(opened.vault, "foreign")
    assert len({bytes(value[1:17]) for value in sealed}) == 1
    assert bytes(foreign[1:17]) != bytes(sealed[0][1:17])
    assert await opened.database.secrets["vault_keys"].count_documents({"keyAltNames": "racy"}) == 1


async def test_a_damaged_or_plain_value_yields_nothing(opened: OpenedVault) -> None:
    """A flipped byte, a value that was never sealed or a forged one spoils itself only, not the batch."""
    good = await seal_one(opened.vault, "company")
    flipped = Binary(bytes(good[:-1]) + bytes([good[-1] ^ 1]), 6)
    values = [good, flipped, Binary(b"short", 6), cast("Binary", "plain")]
    assert await opened.vault.open(ACCESS, values) == ["planted", None, None, None]


async def test_the_database_refuses_unsealed_restricted_values(opened: OpenedVault) -> None:
    """MongoDB itself turns a plain restricted value away."""
    await opened.database.raw.create_collection("companies", validator=VALIDATORS["companies"])
    with pytest.raises(WriteError):
        await opened.database["companies"].insert_one({"_id": "company", "restricted": {"companyName": "plain"}})


async def test_600_values_open_in_one_batch(opened: OpenedVault) -> None:
    """100 people of 8 companies with 6 fields each seal and open in one call each (timed by `scripts/bench disclosure`)."""
    people = [(f"company{n % 8}", {f"field{k}": f"{n}/{k}" for k in range(6)}) for n in range(100)]
    sealed = [value for group in await opened.vault.seal_many(people) for value in group.values()]
    values = await opened.vault.open(ACCESS, sealed)
    assert values == [text for _, fields in people for text in fields.values()]


@pytest.mark.parametrize(
    ("provider", "options", "master_key"),
    [
        ("kmip", '{"endpoint": "127.0.0.1:1"}', "{}"),
        (
            "aws",
            '{"accessKeyId": "a", "secretAccessKey": "b"}',
            '{"region": "eu-west-1", "key": "key", "endpoint": "127.0.0.1:1"}',
        ),
    ],
)
async def test_an_unreachable_key_service_is_unavailable(
    vaults: Vaults, provider: str, options: str, master_key: str
) -> None:
    """Nothing is stored or shown while keys cannot be reached, and what can be reached still opens."""
    local = await vaults.open()
    sealed = await seal_one(local.vault, "company")
    settings: dict[str, Any] = {"kms_provider": provider, "kms_provider_options": options, "kms_master_key": master_key}
    remote = await vaults.open(**settings)
    with pytest.raises(AppError) as refusal:
        await remote.vault.seal("new-company", PROFILE)
    assert refusal.value.code == ErrorCode.UNAVAILABLE
    assert await remote.vault.open(ACCESS, [sealed]) == ["planted"]
    lost = await vaults.open(prepare=False, master_key="", **settings)
    for call in (lost.vault.open(ACCESS, [sealed]), lost.vault.prepare()):
        with pytest.raises(AppError) as refusal:
            await call
        assert refusal.value.code == ErrorCode.UNAVAILABLE


async def test_indexes_and_ids_wait_for_the_key_of_the_installation(vaults: Vaults, opened: OpenedVault) -> None:
    """Before `prepare` they are UNAVAILABLE; that key can neither be destroyed nor seal anything else."""
    early = await vaults.open(prepare=False)
    for make in (early.vault.blind_index, early.keyring.pseudonym):
        with pytest.raises(AppError):
            make("text")
    with pytest.raises(ValueError, match="look-up"):
        await opened.vault.destroy_key(INSTALLATION)
    with pytest.raises(ValueError, match="installation"):
        await opened.vault.seal(INSTALLATION, PROFILE)


async def test_processes_agree_on_blind_indexes(vaults: Vaults) -> None:
    """Case and outer blanks do not matter, the borders between parts do, and several first starts agree."""
    first, second = await asyncio.gather(vaults.open(), vaults.open())
    index = first.vault.blind_index("upn", "tenant", "Someone@Contoso.example ")
    assert index == second.vault.blind_index("upn", "TENANT", "someone@contoso.example")
    assert index != first.vault.blind_index("upn", "tenants", "omeone@contoso.example")
    assert first.keyring.pseudonym("text") == second.keyring.pseudonym("text")


async def test_each_purpose_has_a_key_of_its_own(opened: OpenedVault) -> None:
    """Who learns the key of one purpose has none of the others."""
    purposes = ("blind-index", "pseudonym", "day-keys", "census-secrets")
    assert len({opened.keyring.derive(purpose) for purpose in purposes}) == len(purposes)


async def test_a_lost_installation_key_is_said_and_not_replaced(vaults: Vaults, opened: OpenedVault) -> None:
    """With that data key gone a server is UNAVAILABLE: new random ids would silently part people from their data."""
    await opened.database.secrets["vault_keys"].delete_one({"keyAltNames": INSTALLATION})
    with pytest.raises(AppError, match="restored"):
        await vaults.open()
    assert await opened.database.secrets["vault_keys"].count_documents({}) == 0


async def test_wrong_key_service_options_are_named_at_start(vaults: Vaults) -> None:
    """They stop the start with the name of the setting."""
    with pytest.raises(SettingsError, match="KMS_PROVIDER_OPTIONS"):
        await vaults.open(kms_provider="kmip", kms_provider_options='{"endpoint": 1}')
    with pytest.raises(ValueError, match="JSON object"):
        await vaults.open(kms_master_key="[]")
