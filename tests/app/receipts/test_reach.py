"""Whose receipts each role reads, and that customers see a pseudonym in place of the agent."""

import pytest

from app.database.client import Database
from app.database.pages import PageRequest
from app.receipts.reach import receipts_within, show_receipt
from app.receipts.store import find_receipts
from app.receipts.writer import ReceiptWriter
from auth.principal import ANONYMOUS, Principal, Role
from tests.app.receipts.drafts import draft


def caller(role: Role, user_id: str | None = None, company_id: str | None = None, subject: str = "x") -> Principal:
    """Return a caller with one role."""
    return Principal(subject, frozenset({role}), user_id, frozenset({company_id} if company_id else ()))


@pytest.fixture
async def four(writer: ReceiptWriter) -> None:
    """Write receipts about two people of two companies, one company, and by two agents."""
    await writer.append(
        [
            draft(subject_id="P1", company_id="C1"),
            draft(subject_id="P2", company_id="C2", actor="another"),
            draft(subject_id=None, company_id="C1"),
            draft(subject_id=None, company_id=None, granted=False, support_request_id=None),
        ]
    )


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(
    ("who", "sequences"),
    [
        (caller(Role.USER, "P1", "C1"), [1]),
        (caller(Role.USER, None, "C1"), []),
        (caller(Role.COMPANY_ADMIN, "P2", "C1"), [3, 2, 1]),
        (caller(Role.COMPANY_ADMIN, None, "C2"), [2]),
        (caller(Role.SUPPORT, subject="issuer|agent"), [4, 3, 1]),
        (caller(Role.SUPPORT_LEAD), [4, 3, 2, 1]),
        (caller(Role.PRIVACY_OFFICER), [4, 3, 2, 1]),
        (caller(Role.ANALYST, "P1", "C1"), []),
        (caller(Role.INGEST, None, "C1"), []),
        (ANONYMOUS, []),
    ],
)
async def test_each_role_reads_what_the_table_says(database: Database, who: Principal, sequences: list[int]) -> None:
    """People read about themselves, admins about the company, agents their own acts, leads all; latest first."""
    within = receipts_within(who)
    found = [] if within is None else (await find_receipts(database, within, PageRequest(10))).nodes
    assert [receipt["sequence"] for receipt in found] == sequences


@pytest.mark.usefixtures("four")
async def test_receipts_of_one_request(database: Database) -> None:
    """A list may be narrowed to one support request."""
    page = await find_receipts(database, {}, PageRequest(10), "request")
    assert [receipt["sequence"] for receipt in page.nodes] == [3, 2, 1]


def test_customers_see_a_pseudonym_and_staff_the_agent() -> None:
    """The pseudonym comes from the keyring's function; nothing else of the receipt changes."""
    receipt = {"actor": "issuer|agent", "reason": "r"}
    shown = show_receipt(receipt, caller(Role.USER, "P1"), str.upper)
    assert shown == {"actor": "AGENT/ISSUER|AGENT", "reason": "r"}
    assert show_receipt(receipt, caller(Role.SUPPORT, subject="issuer|agent"), str.upper) == receipt
    assert show_receipt(receipt, caller(Role.SUPPORT_LEAD), str.upper) == receipt


def test_an_agent_who_is_a_customer_too_sees_other_agents_as_a_customer_does() -> None:
    """Only their own acts name the agent: a second role does not open what neither role opens alone."""
    both = Principal("issuer|me", frozenset({Role.SUPPORT, Role.COMPANY_ADMIN}), "P1", frozenset({"C1"}))
    own, other = {"actor": "issuer|me"}, {"actor": "issuer|agent"}
    assert show_receipt(own, both, str.upper) == own
    assert show_receipt(other, both, str.upper) == {"actor": "AGENT/ISSUER|AGENT"}
