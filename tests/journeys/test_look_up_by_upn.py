"""The one look-up by UPN finds whom their own company's profiles say; nobody else's input changes, or clouds, the answer."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.database.embedded import EmbeddedMongod
from app.support.lookups import MISSES_MAX
from auth.development import demo_company_id, demo_user_id
from auth.principal import Principal, Role
from tests.harness.issuer import TestIssuer, public_pem
from tests.harness.people import (
    AUTHENTICATED,
    COMPANY,
    COMPANY_FIELDS,
    IDENTIFIED,
    OTHER_COMPANY,
    OTHER_PERSON,
    PERSON,
    SAVE_AUTHENTICATED,
    SAVE_COMPANY,
    SAVE_IDENTIFIED,
    TENANT,
    save_people,
)
from tests.harness.system import Reply, System, running_system

LOOK_UP = "mutation($i: OpenSupportRequestInput!) { openSupportRequest(input: $i) { id } }"
UPNS = [AUTHENTICATED["intercomId"], IDENTIFIED["msUpn"]]
COLLEAGUE = demo_user_id(0, 5)


async def look_up(system: System, upn: str, tenant: str = TENANT) -> Reply:
    """Let an agent log a request by UPN."""
    subject = {"upn": {"msUpn": upn, "msTenantId": tenant}}
    return await system.ask(LOOK_UP, Role.SUPPORT, i={"reason": "phone", "ticket": "T-1", "subject": subject})


async def found(system: System, upn: str) -> tuple[str | None, str | None]:
    """Return the person and company that the look-up leads to."""
    reply = await look_up(system, upn)
    assert reply.errors == []
    id_ = reply.data["openSupportRequest"]["id"]
    request = await system.services.database["support_requests"].find_one({"_id": id_})
    return request["subjectId"], request["companyId"]


async def attack(system: System, upn: str, company: str = OTHER_COMPANY, person: str = OTHER_PERSON) -> list[Reply]:
    """Let another customer state a UPN and a tenant wherever the API takes one."""
    admin, user = system.token(Role.COMPANY_ADMIN, person, company), system.token(Role.USER, person, company)
    return [
        await system.ask(SAVE_COMPANY, token=admin, i={"msTenantId": TENANT}),
        await system.ask(SAVE_AUTHENTICATED, token=user, i={"intercomId": upn, "intercomEmail": upn}),
        await system.ask(SAVE_IDENTIFIED, token=user, i={"msUpn": upn, "msTenantId": TENANT, "intercomId": upn}),
    ]


@pytest.mark.parametrize("upn", UPNS)
async def test_another_customer_changes_nothing(system: System, upn: str) -> None:
    """Neither taken over, nor ambiguous, nor lost; also after the people themselves save again."""
    await save_people(system)
    for reply in await attack(system, upn):
        assert reply.errors == []
    assert await found(system, upn) == (PERSON, COMPANY)
    await save_people(system)
    await system.ask(SAVE_IDENTIFIED, None, i={"msUpn": upn, "msTenantId": TENANT, "theme": "claimed"})
    assert await found(system, upn) == (PERSON, COMPANY)


async def test_another_customers_people_are_never_found_under_this_tenant(system: System) -> None:
    """A UPN that only a stranger states together with this tenant is known to nobody."""
    await save_people(system)
    await attack(system, "mallory@contoso.com")
    assert (await look_up(system, "mallory@contoso.com")).codes == ["NOT_FOUND"]


async def test_a_proven_tenant_comes_before_a_stated_one(system: System) -> None:
    """Where tokens prove the tenant, somebody who stated it first does not hold it, and nobody states another's."""
    await attack(system, UPNS[0])
    profiles, now = system.services.profiles, system.clock()
    await save_people(system)
    assert await found(system, UPNS[0]) == (OTHER_PERSON, OTHER_COMPANY)  # of two that prove nothing, the first
    await profiles.save_company(COMPANY, {"msTenantId": "stated"}, now, proven_tenant=TENANT)
    assert await found(system, UPNS[0]) == (PERSON, COMPANY)
    await profiles.save_company("third", {"msTenantId": TENANT}, now, proven_tenant="own")
    assert await found(system, UPNS[0]) == (PERSON, COMPANY)


async def test_a_token_that_proves_the_tenant_comes_before_who_stated_it_first(
    mongod: EmbeddedMongod, data_folder: Path
) -> None:
    """An issuer that the operator believes about tenants: a token of another one, and another's statement, gain nothing."""
    issuer = TestIssuer()
    trusted = {"issuer": issuer.name, "audience": issuer.audience, "pem": public_pem(issuer.key("ES256")).decode()}
    settings = json.dumps([{**trusted, "tenant_path": "ext.tenant"}])
    async with running_system(mongod.uri, data_folder, jwt_issuers=settings) as system:
        await attack(system, UPNS[0])
        await save_people(system)
        assert await found(system, UPNS[0]) == (OTHER_PERSON, OTHER_COMPANY)
        proofs = [(COMPANY, TENANT), ("third", str(uuid4()))]
        for company, tenant in proofs:
            token = issuer.token(Role.COMPANY_ADMIN, user_id="a", company_id=company, ext={"tenant": tenant})
            assert (await system.ask(SAVE_COMPANY, token=token, i={"msTenantId": TENANT})).errors == []
            assert await found(system, UPNS[0]) == (PERSON, COMPANY)


@pytest.mark.parametrize(
    ("text", "upn", "left"),
    [(SAVE_AUTHENTICATED, UPNS[0], {"name": "Alice"}), (SAVE_IDENTIFIED, UPNS[1], {"msUserId": "x", "msUpn": " "})],
)
async def test_a_upn_that_left_the_profile_finds_nobody(
    system: System, text: str, upn: str, left: dict[str, Any]
) -> None:
    """Saved again without it, the person is found by it no more."""
    await save_people(system)
    assert (await system.ask(text, Role.USER, i=left)).errors == []
    assert (await look_up(system, upn)).codes == ["NOT_FOUND"]


async def test_a_tenant_that_is_left_out_is_not_given_up(system: System) -> None:
    """An admin who changes the license alone loses nothing to another customer who states the same tenant."""
    await save_people(system)
    for given in ({"license": "pro"}, {"license": "pro", "msTenantId": None}):
        assert (await system.ask(SAVE_COMPANY, Role.COMPANY_ADMIN, i=given)).errors == []
        await attack(system, UPNS[0])
        assert await found(system, UPNS[0]) == (PERSON, COMPANY)
        await system.ask(SAVE_COMPANY, Role.COMPANY_ADMIN, i=COMPANY_FIELDS)
        assert await found(system, UPNS[0]) == (PERSON, COMPANY)


@pytest.mark.parametrize("stated", [" ", "another"])
async def test_a_tenant_that_was_given_up_finds_nobody(system: System, stated: str) -> None:
    """And whoever states it next begins anew, behind those who have stated it since."""
    await save_people(system)
    await attack(system, UPNS[0])
    await system.ask(SAVE_COMPANY, Role.COMPANY_ADMIN, i={"license": "pro", "msTenantId": stated})
    assert await found(system, UPNS[0]) == (OTHER_PERSON, OTHER_COMPANY)
    await system.ask(SAVE_COMPANY, Role.COMPANY_ADMIN, i=COMPANY_FIELDS)
    assert await found(system, UPNS[0]) == (OTHER_PERSON, OTHER_COMPANY)


async def test_two_of_one_company_are_not_guessed_between(system: System) -> None:
    """Ambiguous is refused, receipted, and no miss: the agent is not locked out for it."""
    await save_people(system)
    colleague = system.token(Role.USER, COLLEAGUE, COMPANY)
    await system.ask(SAVE_IDENTIFIED, token=colleague, i={"msUpn": UPNS[0], "msTenantId": TENANT})
    for _ in range(MISSES_MAX + 1):
        reply = await look_up(system, UPNS[0])
        assert (reply.codes, reply.errors[0]["extensions"]["field"]) == (["BAD_USER_INPUT"], "subject.upn")
    receipts = await system.services.database["access_receipts"].find({}).to_list(None)
    assert [receipt["granted"] for receipt in receipts] == [False] * (MISSES_MAX + 1)
    assert await found(system, UPNS[1]) == (PERSON, COMPANY)


async def test_saving_tells_nobody_which_tenants_are_known(system: System) -> None:
    """Another customer gets the same answers for a tenant and UPN that are known and for ones that are not."""
    await save_people(system)
    known = await attack(system, UPNS[0])
    unknown = await attack(system, "nobody@nowhere.example", demo_company_id(2), demo_user_id(2, 1))
    ids = str.maketrans("", "", "0123456789ABCDEF")
    assert [str(reply.body).translate(ids) for reply in known] == [str(r.body).translate(ids) for r in unknown]


async def test_a_claim_past_its_end_is_neither_listed_nor_found(system: System) -> None:
    """Though MongoDB has not deleted it yet: not in lists, not by id, not by UPN, not as anybody's export."""
    claim = {"msUpn": "claim@contoso.com", "msTenantId": TENANT}
    await system.ask(SAVE_IDENTIFIED, None, i=claim)
    stored = await system.services.database["users"].find_one({})
    assert await found(system, claim["msUpn"]) == (stored["_id"], None)
    await system.services.database["users"].update_one({}, {"$set": {"expiresAt": system.clock()}})
    assert (await system.ask("{ users(first: 9) { nodes { id } } }", Role.SUPPORT)).data["users"]["nodes"] == []
    by_id = "query($id: ID!) { user(id: $id) { id } }"
    assert (await system.ask(by_id, Role.SUPPORT, id=stored["_id"])).codes == ["NOT_FOUND"]
    assert (await look_up(system, claim["msUpn"])).codes == ["NOT_FOUND"]
    by_user = {"reason": "phone", "ticket": "T-1", "subject": {"userId": stored["_id"]}}
    assert (await system.ask(LOOK_UP, Role.SUPPORT, i=by_user)).codes == ["NOT_FOUND"]
    requests = "{ supportRequests(first: 9) { nodes { subject { id } } } }"
    assert (await system.ask(requests, Role.SUPPORT)).data["supportRequests"]["nodes"] == [{"subject": None}]
    export = "mutation($id: ID!) { exportUser(id: $id) }"
    reply = await system.ask(export, Role.PRIVACY_OFFICER, id=stored["_id"])
    assert claim["msUpn"] not in str(reply.body)


async def test_a_person_without_a_company_is_found_by_id_only(system: System) -> None:
    """A verified profile of nobody's company stands under no tenant, whatever it states."""
    principal = Principal("issuer|loner", frozenset({Role.USER}), "LONER")
    await system.services.profiles.save_identified(principal, IDENTIFIED, system.clock())
    await system.services.profiles.save_authenticated(replace(principal), AUTHENTICATED, system.clock())
    for upn in UPNS:
        assert (await look_up(system, upn)).codes == ["NOT_FOUND"]
