"""`explainAccess` says beforehand what the operation then answers, runs nothing and leaves no receipt."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.database.embedded import EmbeddedMongod
from auth.principal import Role
from graphql_schema.schema import build_schema
from tests.harness.people import (
    COMPANY,
    OTHER_COMPANY,
    OTHER_PERSON,
    PERSON,
    SAVE_AUTHENTICATED,
    open_and_take,
    save_people,
    token_of_roles,
)
from tests.harness.queries import queries
from tests.harness.system import Reply, System, running_system

EXPLAIN = "query($d: String!) { explainAccess(document: $d) { path coordinate decision code rule needs } }"
ONE = """{ user(id: "%s") { profile { ... on AuthenticatedProfile { name license } } company { companyName } } }"""
ALL = "{ users(first: 5) { nodes { profile { ... on AuthenticatedProfile { name license } } } } }"
ROLES = [None, *Role]
TWO_ROLES = [(staff, own) for staff in (Role.SUPPORT, Role.PRIVACY_OFFICER) for own in (Role.USER, Role.COMPANY_ADMIN)]
ROOTS = ["me", "user", "users", "company", "companies", "dataPractices", "supportRequests", "supportRequest", "events"]
ROOTS += ["censusRecords", "accessReceipts", "retentionStatus", "errorGroups", "errors"]


async def explain(
    system: System, document: str, role: Role | None, token: str | None = None
) -> dict[str, dict[str, Any]]:
    """Return what is explained, by path."""
    reply = await system.ask(EXPLAIN, role, token=token, d=document)
    assert reply.errors == []
    return {row["path"]: row for row in reply.data["explainAccess"]}


def refusals_of(reply: Reply) -> dict[str, str]:
    """Return the codes of the refused paths of an answer (none where it was not run), without the indexes of lists."""
    paths = ((error["path"], error["extensions"]["code"]) for error in reply.errors if "path" in error)
    return {".".join(str(step) for step in path if not isinstance(step, int)): code for path, code in paths}


async def test_what_stands_below_a_refused_field_is_refused_with_it(system: System) -> None:
    """However open it is in itself: nothing of it would be answered."""
    told = await explain(system, "{ users(first: 5) { nodes { id kind } } }", Role.ANALYST)
    assert {(row["decision"], row["code"]) for row in told.values()} == {("REFUSED", "FORBIDDEN")}
    assert set(told) == {"users", "users.nodes", "users.nodes.id", "users.nodes.kind"}


async def test_before_and_after_taking(system: System) -> None:
    """What is refused for want of a request is allowed through it, and says through which."""
    await save_people(system)
    before = await explain(system, ONE % PERSON, Role.SUPPORT)
    name = before["user.profile.name"]
    assert (name["decision"], name["code"]) == ("REFUSED", "SUPPORT_REQUEST_REQUIRED")
    assert "takeSupportRequest" in name["needs"]
    assert before["user.profile.license"]["decision"] == "ALLOWED"
    request = await open_and_take(system)
    after = await explain(system, ONE % PERSON, Role.SUPPORT)
    assert after["user.profile.name"]["decision"] == after["user.company.companyName"]["decision"] == "ALLOWED"
    assert request in after["user.profile.name"]["rule"]


async def test_unknown_people_depend_on_what_is_taken(system: System) -> None:
    """Where the document names nobody, it tells which taken requests would open it."""
    await save_people(system)
    assert (await explain(system, ALL, Role.SUPPORT))["users.nodes.profile.name"]["decision"] == "REFUSED"
    request = await open_and_take(system)
    name = (await explain(system, ALL, Role.SUPPORT))["users.nodes.profile.name"]
    assert name["decision"] == "DEPENDS"
    assert request in name["needs"]
    assert PERSON in name["needs"]


async def test_a_company_that_is_taken_opens_all_its_people(system: System) -> None:
    """The request about the company covers people whom the document does not name."""
    await save_people(system)
    await open_and_take(system, companyId=COMPANY)
    text = '{ company(id: "%s") { users(first: 5) { nodes { profile { ... on AuthenticatedProfile { name } } } } } }'
    assert (await explain(system, text % COMPANY, Role.SUPPORT))["company.users.nodes.profile.name"][
        "decision"
    ] == "ALLOWED"


@pytest.mark.parametrize("role", [Role.USER, Role.COMPANY_ADMIN])
async def test_another_companys_dashboard_is_refused_beforehand(system: System, role: Role) -> None:
    """The document says whose it is, so the answer is certain."""
    document = """{ usageDashboard(companyId: "%s", from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z",
      interval: DAY, timeZone: "UTC") { approvalRate } }"""
    theirs, own = [
        (await explain(system, document % each, role))["usageDashboard"] for each in (OTHER_COMPANY, COMPANY)
    ]
    assert (theirs["decision"], theirs["code"], own["decision"]) == ("REFUSED", "NOT_FOUND", "ALLOWED")
    assert (await system.ask(document % OTHER_COMPANY, role)).codes == ["NOT_FOUND"]


@pytest.mark.parametrize(
    ("document", "decision"),
    [
        ('mutation { closeSupportRequest(id: "x") { id } }', "DEPENDS"),
        ('mutation { releaseSupportRequest(id: "x") { id } }', "DEPENDS"),
        ('mutation { openSupportRequest(input: {reason: "x", subject: {userId: "x"}}) { id } }', "DEPENDS"),
        ("mutation($i: OpenSupportRequestInput!) { openSupportRequest(input: $i) { id } }", "DEPENDS"),
        ('mutation { openSupportRequest(input: {reason: "x"}) { id } }', "ALLOWED"),
        ("mutation { newAnonymousIds { userId } }", "REFUSED"),
    ],
)
async def test_what_names_somebody_depends_on_whom(system: System, document: str, decision: str) -> None:
    """Nothing is looked up for a mutation beforehand, so nothing is promised."""
    (root, *_) = (await explain(system, document, Role.SUPPORT)).values()
    assert root["decision"] == decision


@pytest.mark.parametrize("role", ROLES)
async def test_every_role_hears_what_a_refusal_needs(system: System, role: Role | None) -> None:
    """Each refused field carries a code, and what opens it unless nothing does; a miss looks like somebody else."""
    await save_people(system)
    for document in (
        ONE % PERSON,
        ALL,
        'mutation { takeSupportRequest(id: "x") { id } }',
        "{ censusRecords(first: 1) { nodes { appName } } }",
    ):
        for row in (await explain(system, document, role)).values():
            refused = row["decision"] == "REFUSED"
            assert bool(row["code"]) >= refused
            assert row["needs"] or row["code"] == "NOT_FOUND" or not refused
            assert row["rule"]
    somebody, nobody = [await explain(system, ONE % id_, role) for id_ in (OTHER_PERSON, "no-such-id")]
    assert somebody == nobody


async def test_it_runs_and_receipts_nothing(system: System) -> None:
    """Explaining a mutation changes nothing, explaining an opening opens nothing."""
    await save_people(system)
    request = await open_and_take(system)
    await explain(system, f'mutation {{ closeSupportRequest(id: "{request}") {{ id }} }}', Role.SUPPORT)
    await explain(system, ONE % PERSON, Role.SUPPORT)
    stored = await system.services.database["support_requests"].find_one({"_id": request})
    assert stored["status"] == "TAKEN"
    assert await system.services.database["access_receipts"].count_documents({}) == 0


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{ nothing }", "BAD_USER_INPUT"),
        ("{", "BAD_USER_INPUT"),
        ("{ me { roles } } # " + "x" * 20_000, "TOO_COMPLEX"),
        ("{ " + " ".join(f"a{n}: me {{ roles }}" for n in range(21)) + " }", "TOO_COMPLEX"),
        (
            "{ users(first: 1) { nodes { " + " ".join(["...A"] * 2) + " } } } fragment A on User { ...A }",
            "BAD_USER_INPUT",
        ),
    ],
)
async def test_what_could_not_run_is_not_explained(system: System, document: str, code: str) -> None:
    """Bounded like an operation, and shorter."""
    assert (await system.ask(EXPLAIN, Role.USER, d=document)).codes == [code]


async def test_it_stands_twice_at_most(system: System) -> None:
    """Aliases do not multiply the work."""
    text = "{ " + " ".join(f'a{n}: explainAccess(document: "{{ me {{ roles }} }}") {{ path }}' for n in range(3)) + " }"
    assert (await system.ask(text)).codes == ["TOO_COMPLEX"]


@pytest.fixture(scope="module")
async def filled(mongod: EmbeddedMongod, data_folder: Path) -> Any:  # noqa: ANN401 - a System
    """A system with people of two companies, one of whom has a taken request."""
    async with running_system(mongod.uri, data_folder) as system:
        await save_people(system)
        other = system.token(Role.USER, OTHER_PERSON, OTHER_COMPANY)
        await system.ask(SAVE_AUTHENTICATED, token=other, i={"name": "Grace"})
        await open_and_take(system)
        yield system


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    document=queries(build_schema(), [PERSON, OTHER_PERSON, COMPANY], ROOTS),
    caller=st.sampled_from([*ROLES, *TWO_ROLES]),
)
async def test_what_it_says_is_what_is_answered(
    filled: System, document: str, caller: Role | tuple[Role, ...] | None
) -> None:
    """For generated queries and all roles, two at once too: what is allowed is no refusal, a refusal has the same code."""
    role, token = (None, token_of_roles(filled, *caller)) if isinstance(caller, tuple) else (caller, None)
    explained = await explain(filled, document, role, token)
    refused = refusals_of(await filled.ask(document, role, token=token))
    for path, row in explained.items():
        if row["decision"] == "ALLOWED":
            assert refused.get(path) not in {"FORBIDDEN", "SUPPORT_REQUEST_REQUIRED"}, path
    for path, code in refused.items():
        if code in {"FORBIDDEN", "SUPPORT_REQUEST_REQUIRED", "NOT_FOUND"} and path in explained:
            row = explained[path]
            assert (
                row["decision"] == "DEPENDS"
                or (row["decision"], row["code"]) == ("REFUSED", code)
                or code == "NOT_FOUND"
            )
