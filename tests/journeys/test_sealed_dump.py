"""A raw dump of the database: whoever reads every byte of every collection with a plain client finds nothing planted."""

import base64
import json
from collections.abc import Iterator

import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from app.database.embedded import EmbeddedMongod
from auth.principal import Role
from tests.harness.people import (
    AUTHENTICATED,
    COMPANY_FIELDS,
    IDENTIFIED,
    PERSON,
    RESTRICTED,
    SAVE_IDENTIFIED,
    SECRETS,
    TENANT,
    open_and_take,
    save_people,
)
from tests.harness.system import System

CLAIM = {
    "msUpn": "claim.planted@contoso.com",
    "intercomEmail": "claim.mail@contoso.com",
    "msTenantId": TENANT,
    "msUserId": "7F872200-F546-4CCD-8F23-AF5F507AA2DD",
}
MISSED = "missed.planted@contoso.com"
PLANTED = sorted({*map(str, SECRETS), *CLAIM.values(), MISSED, "contoso", "Hawking", "Alice"})
OPEN = "mutation($i: OpenSupportRequestInput!) { openSupportRequest(input: $i) { id } }"
PROFILES = " ".join(
    f"... on {name} {{ {' '.join(f'{name[0]}_{field}: {field}' for field in RESTRICTED[name])} }}"
    for name in ("AuthenticatedProfile", "IdentifiedProfile")
)
LOOK = (
    f"{{ users(first: 10) {{ nodes {{ profile {{ {PROFILES} }} company {{ {' '.join(RESTRICTED['Company'])} }} }} }} }}"
)


async def use_everything(system: System) -> None:
    """Save, claim, report errors that name people, look up by UPN (found and missed), open, refuse, copy, explain."""
    await save_people(system)
    await system.ask(SAVE_IDENTIFIED, None, i=CLAIM)
    now = system.clock().isoformat()
    text = f"{AUTHENTICATED['intercomId']} of {TENANT} at {COMPANY_FIELDS['msTenantInitialDomain']} failed"
    report = {"reportId": "r", "occurredAt": now, "kind": "EXCEPTION", "message": text, "log": [text]}
    record = "mutation($r: [ErrorReportInput!]!) { recordErrors(reports: $r) { accepted } }"
    assert (await system.ask(record, Role.USER, r=[report])).errors == []
    for upn, codes in ((IDENTIFIED["msUpn"], []), (MISSED, ["NOT_FOUND"])):
        subject = {"upn": {"msUpn": upn, "msTenantId": TENANT}}
        asked = {"reason": "by phone", "ticket": "T-1", "subject": subject}
        assert (await system.ask(OPEN, Role.SUPPORT, i=asked)).codes == codes
    assert "SUPPORT_REQUEST_REQUIRED" in (await system.ask(LOOK, Role.SUPPORT)).codes
    await open_and_take(system)
    opened = await system.ask(LOOK, Role.SUPPORT)
    assert AUTHENTICATED["name"] in json.dumps(opened.data)
    copied = await system.ask("{ myData }", Role.USER)
    assert AUTHENTICATED["name"] in copied.data["myData"]
    exported = await system.ask("mutation($id: ID!) { exportUser(id: $id) }", Role.PRIVACY_OFFICER, id=PERSON)
    assert exported.errors == []


def forms_of(secret: str) -> Iterator[bytes]:
    """Give a secret as it might stand in bytes: plain, as UTF-16, in base64 and in hexadecimal."""
    for encoded in (secret.encode(), secret.encode("utf-16-le")):
        yield encoded.lower()
        yield encoded.hex().encode()
    yield base64.b64encode(secret.encode())[: len(secret) * 4 // 3 - 3].lower()


def raw_dump(mongod: EmbeddedMongod, system: System) -> dict[str, bytes]:
    """Return the bytes of each collection of the data and of the secrets."""
    names = (system.services.database.name, system.services.database.secrets.name)
    with MongoClient[RawBSONDocument](mongod.uri) as client:
        plain = [client.get_database(name, CodecOptions(document_class=RawBSONDocument)) for name in names]
        return {
            f"{database.name}.{name}": b"".join(row.raw for row in database[name].find())
            for database in plain
            for name in database.list_collection_names()
        }


def found_in(dump: dict[str, bytes]) -> list[tuple[str, str]]:
    """Return where something planted stands in the clear."""
    lowered = {name: data.lower() for name, data in dump.items()}
    return [
        (name, secret)
        for secret in PLANTED
        for form in forms_of(secret)
        for name, data in lowered.items()
        if len(form) > 4 and form in data
    ]


async def test_a_raw_dump_holds_nothing_planted(system: System, mongod: EmbeddedMongod) -> None:
    """All collections, keys, receipts, look-ups and erasures included: no UPN, e-mail, name, tenant id or domain."""
    await use_everything(system)
    dump = raw_dump(mongod, system)
    filled = {name.partition(".")[2] for name, data in dump.items() if data}
    assert {"users", "companies", "errors", "access_receipts", "support_requests", "support_lookups"} <= filled
    assert {"vault_keys", "vault_settings", "day_keys"} <= filled
    assert found_in(dump) == []


@pytest.mark.parametrize("kind", ["eraseUser", "eraseCompany"])
async def test_erasing_writes_nothing_in_the_clear(system: System, mongod: EmbeddedMongod, kind: str) -> None:
    """The list of erasures and its receipts hold generated ids only."""
    await use_everything(system)
    company = (await system.ask("{ me { company { id } } }", Role.USER)).data["me"]["company"]["id"]
    about = PERSON if kind == "eraseUser" else company
    reply = await system.ask(f"mutation($id: ID!) {{ {kind}(id: $id) {{ id }} }}", Role.PRIVACY_OFFICER, id=about)
    assert reply.errors == []
    dump = raw_dump(mongod, system)
    assert dump[f"{system.services.database.secrets.name}.erasures"]
    assert found_in(dump) == []


async def test_the_search_finds_what_is_there(system: System, mongod: EmbeddedMongod) -> None:
    """The test itself sees a value in the clear, so that its silence means something."""
    await system.services.database["leases"].insert_one({"_id": "x", "name": f"by {AUTHENTICATED['name']}"})
    assert found_in(raw_dump(mongod, system))
