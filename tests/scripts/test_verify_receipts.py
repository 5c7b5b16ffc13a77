"""scripts/verify-receipts says ok only of what it has looked at, and not where something tells of receipts that are gone."""

from auth.principal import Role
from tests.harness.commands import run, settings_of
from tests.harness.people import PERSON, save_people
from tests.harness.system import System

ERASE_USER = "mutation($id: ID!) { eraseUser(id: $id) { receiptSequence } }"
VERIFY = "{ verifyReceipts(fromSequence: 1, toSequence: 9) { ok firstBadSequence } }"


async def test_a_fresh_database_has_no_receipts_yet(system: System) -> None:
    """Nothing is missing, and it is told plainly that nothing is there."""
    done = run("verify_receipts", settings=settings_of(system))
    assert (done.returncode, done.stdout) == (0, "ok: no receipts yet\n"), done.stderr


async def test_receipts_that_went_with_their_head_are_missed(system: System) -> None:
    """The list of erasures names a receipt, so there was one; the API says the same."""
    await save_people(system)
    assert (await system.ask(ERASE_USER, Role.PRIVACY_OFFICER, id=PERSON)).errors == []
    assert run("verify_receipts", settings=settings_of(system)).stdout.startswith("ok: 1 receipts checked\nend: 1:")
    database = system.services.database
    await database["receipt_heads"].delete_many({})
    await database["access_receipts"].delete_many({})
    done = run("verify_receipts", settings=settings_of(system))
    assert (done.returncode, "NOT ok: receipt 1 is cut off" in done.stdout) == (1, True), done.stderr
    told = (await system.ask(VERIFY, Role.PRIVACY_OFFICER)).data["verifyReceipts"]
    assert told == {"ok": False, "firstBadSequence": 1}


async def test_a_request_that_was_taken_is_no_proof_of_a_receipt(system: System) -> None:
    """Taking one opens nothing; receipts are written when fields are opened or refused."""
    await save_people(system)
    opened = await system.ask('mutation { openSupportRequest(input: { reason: "help" }) { id } }', Role.USER)
    take = "mutation($id: ID!) { takeSupportRequest(id: $id) { status } }"
    taken = await system.ask(take, Role.SUPPORT, id=opened.data["openSupportRequest"]["id"])
    assert taken.errors == []
    assert run("verify_receipts", settings=settings_of(system)).stdout == "ok: no receipts yet\n"
