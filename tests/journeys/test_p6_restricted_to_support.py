"""P6: "Access to these data is restricted to our support team" - every restricted field, by every way to it."""

from pathlib import Path
from typing import Any

import pytest

from app.database.embedded import EmbeddedMongod
from auth.principal import Role
from tests.harness.people import (
    AUTHENTICATED,
    COMPANY_FIELDS,
    IDENTIFIED,
    RESTRICTED,
    SECRETS,
    open_and_take,
    save_people,
)
from tests.harness.system import Reply, System, running_system

FIELDS = " ".join(
    f"... on {name} {{ {' '.join(f'{name[0]}_{field}: {field}' for field in RESTRICTED[name])} }}"
    for name in ("AuthenticatedProfile", "IdentifiedProfile")
)
COMPANY = " ".join(RESTRICTED["Company"])
# In a list, through a fragment, through the interface, under aliases, nested in another object.
WAYS = {
    "single": "query($id: ID!) { user(id: $id) { profile { %s } company { %s } } }",
    "list": "{ users(first: 10) { nodes { profile { %s } company { %s } } } }",
    "edges": "{ users(first: 10) { edges { node { profile { %s } company { %s } } } } }",
    "fragment": "{ users(first: 10) { nodes { ...F } } } fragment F on User { profile { %s } company { %s } }",
    "alias": "{ u: users(first: 10) { n: nodes { p: profile { %s } c: company { %s } } } }",
    "interface": "{ users(first: 10) { nodes { profile { ... on SupportProfile { %s } } company { %s } } } }",
    "companies": "{ companies(first: 10) { nodes { users(first: 10) { nodes { profile { %s } } } %s } } }",
    "directive": "{ users(first: 10) { nodes { profile { %s } company @include(if: true) { %s } } } }",
}
REACHING_ROLES = [Role.USER, Role.COMPANY_ADMIN, Role.PRIVACY_OFFICER]


async def ask_way(system: System, way: str, role: Role | None) -> Reply:
    """Ask for all restricted fields in one of the ways."""
    ids = await save_people(system)
    variables = {"id": ids["authenticated"]} if way == "single" else {}
    return await system.ask(WAYS[way] % (FIELDS, COMPANY), role, **variables)


def leaves(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    """Return all leaf values of an answer."""
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in leaves(part)]
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, list) else [value]


@pytest.mark.parametrize("role", REACHING_ROLES)
@pytest.mark.parametrize("way", WAYS)
async def test_upn_and_tenant_are_refused_to_who_is_not_support(system: System, way: str, role: Role) -> None:
    """Null with FORBIDDEN at each path, whatever the way, for the person and the admin too."""
    reply = await ask_way(system, way, role)
    assert leaves(reply.data)
    assert set(leaves(reply.data)) == {None}
    assert len(reply.errors) == len(leaves(reply.data))
    assert set(reply.codes) == {"FORBIDDEN"}
    assert all(error["extensions"]["needs"] and error["path"] for error in reply.errors)
    assert not [secret for secret in SECRETS if str(secret) in str(reply.body)]


@pytest.mark.parametrize("role", [None, Role.ANALYST, Role.INGEST])
async def test_roles_without_profiles_get_no_parent_either(system: System, role: Role | None) -> None:
    """Who may not see people at all gets no answer to hang a field on."""
    reply = await ask_way(system, "list", role)
    assert reply.data is None
    assert reply.codes == ["FORBIDDEN"]


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.SUPPORT_LEAD])
async def test_support_without_a_request_is_told_what_opens_them(system: System, role: Role) -> None:
    """The role alone is not enough: the refusal names the support request."""
    reply = await ask_way(system, "list", role)
    assert set(leaves(reply.data)) == {None}
    assert set(reply.codes) == {"SUPPORT_REQUEST_REQUIRED"}
    assert "takeSupportRequest" in reply.errors[0]["extensions"]["needs"]


@pytest.mark.parametrize("way", WAYS)
async def test_support_with_a_taken_request_gets_every_field(system: System, way: str) -> None:
    """Both profiles of the person and their company open, equal to what was saved."""
    await save_people(system)
    await open_and_take(system)
    reply = await ask_way(system, way, Role.SUPPORT)
    assert reply.errors == []
    expected = {AUTHENTICATED[name] for name in RESTRICTED["AuthenticatedProfile"]}
    expected |= {COMPANY_FIELDS[name] for name in RESTRICTED["Company"]}
    if way != "single":
        expected |= {IDENTIFIED[name] for name in RESTRICTED["IdentifiedProfile"]}
    assert set(leaves(reply.data)) == expected


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.SUPPORT_LEAD])
async def test_role_mode_opens_by_the_role_alone(mongod: EmbeddedMongod, data_folder: Path, role: Role) -> None:
    """SUPPORT_ACCESS=role drops the request; the receipt stays."""
    async with running_system(mongod.uri, data_folder, support_access="role") as system:
        reply = await ask_way(system, "list", role)
        assert reply.errors == []
        assert AUTHENTICATED["name"] in leaves(reply.data)
        assert await system.services.database["access_receipts"].count_documents({"granted": True}) > 0
