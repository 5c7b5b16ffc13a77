"""A host whose clock is wrong stores nothing and decides nothing by it; what can be read without goes on."""

import pytest
from graphql import GraphQLField

from auth.principal import Role
from auth.rights import RIGHTS
from graphql_schema.guards import guard_of
from tests.graphql_schema.test_rights import ROOTS, operation_for
from tests.harness.people import save_people
from tests.harness.system import System

STORES_NOTHING = "newAnonymousIds"
MUTATIONS = [(name, field) for kind, name, field in ROOTS if kind == "mutation" and name != STORES_NOTHING]
MY_DATA = "{ myData }"
ME = "{ me { kind } }"


@pytest.mark.parametrize("days", [6, -6])
@pytest.mark.parametrize(("name", "field"), MUTATIONS, ids=[name for name, _ in MUTATIONS])
async def test_a_host_days_off_takes_no_mutation(system: System, name: str, field: GraphQLField, days: int) -> None:
    """Whoever may send it is told to come again, as HTTP tells it too; who may not is still refused as ever."""
    query, variables = operation_for("mutation", name, field)
    system.host_clock.move(days=days)
    guard = guard_of("Mutation", field)
    assert guard is not None
    assert guard.action is not None
    for role in Role:
        reply = await system.ask(query, role, **variables)
        if role in RIGHTS[guard.action]:
            assert (reply.status, reply.codes) == (503, ["UNAVAILABLE"])
            assert "clock" in reply.errors[0]["message"]
        else:
            assert reply.codes == ["FORBIDDEN"]


async def test_a_clock_that_is_stepped_is_refused_at_once_and_taken_when_it_is_right(system: System) -> None:
    """No minute passes before the step is seen, and none after it is undone."""
    save = 'mutation { saveCompany(input: { license: "pro" }) { id } }'
    codes = []
    for hours in (0, 7, -7):
        system.host_clock.move(hours=hours)
        codes.append((await system.ask(save, Role.COMPANY_ADMIN)).codes)
    assert codes == [[], ["UNAVAILABLE"], []]


async def test_the_receipt_of_today_opens_nothing_on_a_host_whose_clock_is_wrong(system: System) -> None:
    """By such a clock a receipt of any day would be today's; what is not restricted can still be read."""
    await save_people(system)
    assert (await system.ask(MY_DATA, Role.USER)).errors == []
    system.host_clock.move(days=-3)
    assert (await system.ask(MY_DATA, Role.USER)).codes == ["UNAVAILABLE"]
    assert (await system.ask(ME, Role.USER)).errors == []
    assert (await system.ask(f"mutation {{ {STORES_NOTHING} {{ userId }} }}")).errors == []
