"""Records usage batches for the company of the caller's token."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.database.client import Database
from app.errors import AppError, ErrorCode, forbidden
from app.ingest import IngestResult, Item, Malformed, Rejection, check_batch, sort_items, with_ids
from app.practices import CURRENT_VERSION
from app.usage.model import read_event
from app.usage.recording import Outcome, recorder_of
from auth.principal import Principal
from auth.rights import Action, Scope, scopes_of


async def record_events(
    database: Database, principal: Principal, company_id: str | None, events: Sequence[Item | Malformed], now: datetime
) -> IngestResult:
    """Store the good events once each; an event sent again is a duplicate."""
    company = choose_company(principal, company_id, Action.RECORD_EVENTS)
    check_batch(events, "events")
    stamp: dict[str, Any] = {"companyId": company, "receivedAt": now, "practicesVersion": CURRENT_VERSION}
    if principal.user_id is not None:
        stamp["userId"] = principal.user_id
    documents, rejected = sort_items(events, lambda item: {**read_event(item, now), **stamp}, "eventId")
    outcomes = await recorder_of(database).record([document for _, document in documents]) if documents else []
    return with_ids(_result([place for place, _ in documents], outcomes, rejected), events, "eventId")


def _result(places: Sequence[int], outcomes: Sequence[Outcome], rejected: list[Rejection]) -> IngestResult:
    message = "The item is not of a shape that may be stored."
    rejected += [
        Rejection(place, ErrorCode.BAD_USER_INPUT, message)
        for place, outcome in zip(places, outcomes, strict=True)
        if outcome is Outcome.INVALID
    ]
    rejected.sort(key=lambda rejection: rejection.index)
    return IngestResult(outcomes.count(Outcome.ACCEPTED), outcomes.count(Outcome.DUPLICATE), rejected)


def choose_company(principal: Principal, asked: str | None, action: Action) -> str:
    """Return the company that this call is for: the token's; one of several only for a token that lists several."""
    scopes = scopes_of(principal, action)
    if asked is not None and asked in principal.company_ids:
        if asked == principal.company_id or Scope.TOKEN_COMPANIES in scopes:
            return asked
    elif asked is None and principal.company_id is not None:
        return principal.company_id
    if asked is None and Scope.TOKEN_COMPANIES in scopes and principal.company_ids:
        raise AppError(
            ErrorCode.BAD_USER_INPUT, "companyId must name one of the companies in your token.", field="companyId"
        )
    if asked is None:
        needs = "a token that names one company"
        raise AppError(ErrorCode.FORBIDDEN, "Your token names no company.", field="companyId", needs=needs)
    raise forbidden("companyId", "a token issued for that company")
