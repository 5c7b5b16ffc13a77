"""Access receipts: who opened or was refused which fields, when and why; and the check of their chain."""

from datetime import datetime, timedelta

import strawberry
from strawberry import ID

from app.database.pages import EMPTY_PAGE, Page, PageRequest, read_page_request
from app.receipts.reach import receipts_within, show_receipt
from app.receipts.store import find_receipts
from app.receipts.verification import Problem, verify_receipts
from app.subject_rights.erasing import last_receipt_told
from auth.rights import Action
from graphql_schema.context import Context, Info
from graphql_schema.guards import guarded, inherits
from graphql_schema.paging import After, Connection, First
from graphql_schema.reading import stored

ReceiptProblem = strawberry.enum(Problem, name="ReceiptProblem", description="What is wrong at the first bad receipt.")


@inherits
@strawberry.type(description="What was opened or refused; one an operation and subject, chained by hashes.")
class AccessReceipt:
    """One receipt."""

    sequence: int
    at: datetime
    actor: str = strawberry.field(description="The agent; outside of the vendor's staff a stable pseudonym.")
    role: str
    support_request_id: ID | None
    subject_id: ID | None
    company_id: ID | None
    fields: list[str]
    granted: bool
    reason: str
    previous_hash: str
    hash: str


@inherits
@strawberry.type(description="The finding about a range of the chain.")
class ReceiptVerification:
    """Whether the chain holds, and where it does not."""

    ok: bool
    checked: int
    first_bad_sequence: int | None
    problem: ReceiptProblem | None


async def read_receipts(
    context: Context, page: PageRequest, support_request_id: str | None = None, *, about_caller: bool = False
) -> Page:
    """Return one page of the receipts in the caller's reach, as the caller may see them; all, or those about them."""
    principal = context.principal
    within = receipts_within(principal)
    if within is None or (about_caller and principal.user_id is None):
        return EMPTY_PAGE
    if about_caller:
        within = {"$and": [within, {"subjectId": principal.user_id}]} if within else {"subjectId": principal.user_id}
    found = await find_receipts(context.services.database, within, page, support_request_id)
    pseudonym = context.services.keyring.pseudonym
    shown = [show_receipt(receipt, principal, pseudonym) for receipt in found.nodes]
    return Page(shown, found.has_next, found.sort_field)


@strawberry.type
class ReceiptQueries:
    """Reading and checking receipts."""

    @guarded(Action.READ_RECEIPTS)
    async def access_receipts(
        self, info: Info, first: First, after: After = None, support_request_id: ID | None = None
    ) -> Connection[AccessReceipt]:
        """The receipts in the caller's reach, the latest first."""
        return stored(await read_receipts(info.context, read_page_request(first, after), support_request_id))

    @guarded(Action.VERIFY_RECEIPTS)
    async def verify_receipts(self, info: Info, from_sequence: int, to_sequence: int) -> ReceiptVerification:
        """Check a range of the chain: altered, missing, reordered or cut-off receipts show."""
        services = info.context.services
        life = timedelta(days=services.settings.support_retention_days)
        database, reached = services.database, await last_receipt_told(services.database)
        return stored(
            await verify_receipts(
                database, from_sequence, to_sequence, now=info.context.now, life=life, reached=reached
            )
        )
