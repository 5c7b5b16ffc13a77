"""No guessing: no query of a caller who may not open restricted values tells two databases apart that differ in them.

The second database is a copy of the first with every restricted value replaced by one of other text and length, look-up
keys too. Ids, times and the clock are the same, so every answer must be, byte for byte.
"""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from bson import Binary
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.clock import utc_now
from app.database.embedded import EmbeddedMongod
from app.error_reports.day_keys import day_of, open_payload, seal_payload
from app.profiles.service import CLAIMS_OWNER
from auth.principal import Role
from graphql_schema.schema import build_schema
from tests.harness.databases import drop
from tests.harness.people import (
    AUTHENTICATED,
    COMPANY,
    IDENTIFIED,
    OTHER_COMPANY,
    OTHER_PERSON,
    PERSON,
    SAVE_AUTHENTICATED,
    SAVE_COMPANY,
    SAVE_IDENTIFIED,
    TENANT,
    save_people,
    token_of_roles,
)
from tests.harness.queries import queries
from tests.harness.system import System, running_system

SCHEMA = build_schema()
# Only what the caller may open about themselves differs by right.
ROOTS = sorted(set(SCHEMA.query_type.fields) - {"myData"}) if SCHEMA.query_type else []
# A support agent without a taken request is unprivileged too.
STAFF = [Role.SUPPORT, Role.SUPPORT_LEAD, Role.PRIVACY_OFFICER]
CUSTOMERS = [None, *(role for role in Role if role not in STAFF)]
ROLES = [*CUSTOMERS, *STAFF]
TWO_ROLES = [(Role.SUPPORT, Role.USER), (Role.PRIVACY_OFFICER, Role.COMPANY_ADMIN), (Role.SUPPORT_LEAD, Role.USER)]
Caller = Role | tuple[Role, ...] | None
REQUEST = "5E872200-F546-4CCD-8F23-AF5F507AA2DD"


@dataclass(frozen=True, slots=True)
class Twins:
    """The same system twice, but for restricted values."""

    first: System
    second: System

    async def ask(self, text: str, caller: Caller, **variables: object) -> tuple[bytes, bytes]:
        """Return both answers as they came."""
        first, second = [await ask_raw(system, text, caller, variables) for system in (self.first, self.second)]
        return first, second


async def ask_raw(system: System, text: str, caller: Caller, variables: dict[str, object]) -> bytes:
    """Return the answer's bytes, its status in front; errors in an order of their own, since theirs is a race of reads.

    Where a refused root field takes the whole answer with it, how many of the others' errors stand is that race too.
    """
    token = token_of_roles(system, *caller) if isinstance(caller, tuple) else caller and system.token(caller)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = await system.client.post("/graphql", json={"query": text, "variables": variables}, headers=headers)
    body = response.json()
    body.get("errors", []).sort(key=orjson.dumps)
    if "data" in body and body["data"] is None:
        body["errors"] = bool(body["errors"])
    return b"%d %s" % (response.status_code, orjson.dumps(body))


async def fill(system: System) -> None:
    """Leave something in each domain: people of two companies, a claim, events, errors with addresses, requests."""
    await save_people(system)
    other = system.token(Role.COMPANY_ADMIN, OTHER_PERSON, OTHER_COMPANY)
    await system.ask(SAVE_AUTHENTICATED, token=other, i={"name": "Grace", "intercomId": "grace@fabrikam.com"})
    await system.ask(SAVE_COMPANY, token=other, i={"companyName": "fabrikam.com", "msTenantId": str(uuid.uuid4())})
    await system.ask(SAVE_IDENTIFIED, None, i={"msUpn": "claim@contoso.com", "msTenantId": TENANT})
    now = system.clock().isoformat()
    created = {"requestId": REQUEST, "teamName": "T", "additionalMembers": 1, "additionalOwners": 0}
    event = {"eventId": "1", "occurredAt": now, **created, "templateId": REQUEST, "templateName": "N"}
    await system.ask(
        "mutation($e: [EventInput!]!) { recordEvents(events: $e) { accepted } }",
        Role.USER,
        e=[{"requestCreated": event}],
    )
    reports = [{"reportId": str(n), "occurredAt": now, "kind": "OTHER", "message": "m"} for n in range(3)]
    await system.ask(
        "mutation($r: [ErrorReportInput!]!) { recordErrors(reports: $r) { accepted } }", Role.USER, r=reports
    )
    text = "mutation($i: OpenSupportRequestInput!) { openSupportRequest(input: $i) { id } }"
    assert (await system.ask(text, Role.USER, i={"reason": "help"})).errors == []
    look = "{ users(first: 9) { nodes { profile { ... on AuthenticatedProfile { name } } } } }"
    assert (await system.ask(look, Role.SUPPORT)).errors  # leaves receipts


async def copy(source: System, name: str) -> None:
    """Copy the data and the secrets into another database, document by document."""
    for suffix, database in (("", source.services.database), ("_secrets", database_of_secrets(source))):
        target = source.services.database.client[f"{name}{suffix}"]
        for collection in await database.raw.list_collection_names():
            documents = await database.raw[collection].find({}).to_list(None)
            if documents:
                await target[collection].insert_many(documents)


def database_of_secrets(system: System) -> Any:  # noqa: ANN401 - a Database
    """Return where the rotating keys lie."""
    return system.services.database.secrets


async def replace_restricted(system: System) -> int:
    """Give every restricted value another text and length, and every look-up key another value; return how many."""
    services, count = system.services, 0
    for collection, index in (("users", "blindIndex"), ("companies", "tenantIndex")):
        for row in await services.database[collection].find({}).to_list(None):
            owner = row["_id"] if collection == "companies" else row.get("companyId") or CLAIMS_OWNER
            other = {name: f"{uuid.uuid4()}@{'x' * len(name)}.example" for name in row["restricted"]}
            change: dict[str, Any] = {"restricted": await services.vault.seal(owner, other)}
            if index in row:
                change[index] = Binary(services.vault.blind_index("other", str(uuid.uuid4())))
            await services.database[collection].update_one({"_id": row["_id"]}, {"$set": change})
            count += len(other)
    for row in await services.database["errors"].find({}).to_list(None):
        key = await services.errors.keys.key_of(day_of(row["receivedAt"]), system.clock())
        payload = open_payload(key, row["_id"].binary, row["payload"])
        sealed = await services.vault.seal(row["companyId"], {"ipAddress": f"2001:db8::{count:x}"})
        payload["restricted"] = {name: bytes(value) for name, value in sealed.items()}
        change = {"payload": seal_payload(key, day_of(row["receivedAt"]), row["_id"].binary, payload)}
        await services.database["errors"].update_one({"_id": row["_id"]}, {"$set": change})
        count += 1
    return count


@pytest.fixture(scope="module")
async def twins(mongod: EmbeddedMongod, data_folder: Path) -> AsyncIterator[Twins]:
    """Two databases that differ only in restricted values."""
    name = f"test_twin_{uuid.uuid4().hex[:8]}"
    moment = utc_now() - timedelta(seconds=5)
    async with running_system(mongod.uri, data_folder) as first:
        first.clock.stopped_at = moment
        await fill(first)
        await copy(first, name)
        async with running_system(mongod.uri, data_folder, mongodb_database=name) as second:
            second.clock.stopped_at = moment
            assert await replace_restricted(second) > 20
            yield Twins(first, second)
            await drop(second.services.database)


DOCUMENTS = queries(SCHEMA, [PERSON, OTHER_PERSON, COMPANY, OTHER_COMPANY], ROOTS)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=DOCUMENTS, caller=st.sampled_from([*CUSTOMERS, (Role.ANALYST, Role.USER)]))
async def test_no_query_tells_hidden_values_apart(twins: Twins, document: str, caller: Caller) -> None:
    """Same data, same errors, same counts, same pages: the same bytes; two roles at once too."""
    first, second = await twins.ask(document, caller)
    assert first == second
    assert b'"INTERNAL"' not in first


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=DOCUMENTS, caller=st.sampled_from([*STAFF, *TWO_ROLES]))
async def test_no_query_of_staff_without_a_request_tells_them_apart(
    twins: Twins, document: str, caller: Caller
) -> None:
    """Their refusals are receipted, but not where the answer is lost to a root field before: so of receipts not here."""
    assume("eceipts" not in document)
    first, second = await twins.ask(document, caller)
    assert first == second
    assert b'"INTERNAL"' not in first


@pytest.mark.parametrize("caller", [*ROLES, *TWO_ROLES])
@pytest.mark.parametrize("first", [1, 2, 100])
async def test_pages_and_their_cursors_are_the_same(twins: Twins, caller: Caller, first: int) -> None:
    """Order and cursors come from ids and times, never from a hidden value; refusals are the same, row by row."""
    fields = "... on AuthenticatedProfile { name intercomId } ... on IdentifiedProfile { msUpn msTenantId }"
    text = f"""query($n: Int!) {{
        users(first: $n) {{ edges {{ cursor node {{ id profile {{ {fields} }} }} }} pageInfo {{ hasNextPage endCursor }} }}
        companies(first: $n) {{ edges {{ cursor node {{ id companyName }} }} pageInfo {{ hasNextPage endCursor }} }}
        errors(first: $n) {{ edges {{ cursor node {{ id ipAddress }} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
    answers = await twins.ask(text, caller, n=first)
    assert answers[0] == answers[1]


async def test_the_twins_do_differ(twins: Twins) -> None:
    """What the person may open about themselves shows that the databases are not simply the same."""
    answers = await twins.ask("{ myData }", Role.USER)
    assert answers[0] != answers[1]
    assert AUTHENTICATED["name"].encode() in answers[0]
    assert AUTHENTICATED["name"].encode() not in answers[1]


async def test_saving_a_claim_tells_nobody_who_is_known(twins: Twins) -> None:
    """Without a token the answer is the same for a UPN that one database knows and the other does not."""
    known = {"msUpn": IDENTIFIED["msUpn"], "msTenantId": IDENTIFIED["msTenantId"]}
    text = "mutation($i: IdentifiedProfileInput!) { saveIdentifiedProfile(input: $i) { kind user { id } } }"
    answers = await twins.ask(text, None, i=known)
    assert answers[0] == answers[1]
