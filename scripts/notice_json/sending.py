"""Sends records through the mutations that take them, and tells what became of each.

A call that is refused as a whole, as too large or for one bad record, is sent again in halves, so that a bad record
costs only itself.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.notice_json.api import GraphQLApi, Refusal, Reply, ServerError
from scripts.notice_json.journal import Refused, Tally
from scripts.notice_json.records import Record
from scripts.notice_json.shapes import Kind, notice_key

CALL_MAX_ITEMS = 500
CALL_MAX_PROFILES = 10  # root fields of one operation
CALL_MAX_BYTES = 900_000  # below the 1 MiB that the API takes

_RESULT = "{ accepted duplicates rejected { index code field message } }"
DOCUMENTS = {
    Kind.EVENT: "mutation IngestEvents($items: [EventInput!]!, $company: ID) "
    f"{{ result: recordEvents(events: $items, companyId: $company) {_RESULT} }}",
    Kind.CENSUS: "mutation IngestCensus($items: [CensusInput!]!) "
    f"{{ result: recordCensus(records: $items) {_RESULT} }}",
    Kind.ERROR: "mutation IngestErrors($items: [ErrorReportInput!]!, $company: ID) "
    f"{{ result: recordErrors(reports: $items, companyId: $company) {_RESULT} }}",
}
OF_COMPANY = frozenset({Kind.EVENT, Kind.ERROR})  # where an ingest token's company is chosen
PROFILE_FIELDS = {
    Kind.IDENTIFIED: ("saveIdentifiedProfile", "IdentifiedProfileInput", "kind"),
    Kind.AUTHENTICATED: ("saveAuthenticatedProfile", "AuthenticatedProfileInput", "kind"),
    Kind.COMPANY: ("saveCompany", "CompanyInput", "id"),
}
# Each record of a call is refused alike: halves would only be refused twice.
_FOR_ALL = frozenset({"FORBIDDEN", "UNAUTHENTICATED"})
_FOR_ALL_FIELDS = frozenset({"companyId"})


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends records through one API."""

    api: GraphQLApi

    def send(self, records: Sequence[Record]) -> Tally:
        """Send the records in as few calls as may be; raises `ServerError`."""
        tally = Tally()
        for group in _groups(records):
            for part in _parts(group):
                self._send_part(part, tally)
        return tally

    def _send_part(self, records: Sequence[Record], tally: Tally) -> None:
        reply = self.api.call(*_operation(records))
        if reply.data is not None and not reply.refusals:
            _count(records, reply, tally)
            return
        refusal = reply.refusals[0] if reply.refusals else Refusal("INTERNAL", "The server did not answer.")
        is_for_all = refusal.code in _FOR_ALL or refusal.field in _FOR_ALL_FIELDS
        if len(records) == 1 or is_for_all:
            for record in records:
                key = notice_key(record.key, refusal.field) if refusal.field else record.key
                tally.refused.append(Refused(record.line, refusal.code, key, refusal.message))
            return
        half = len(records) // 2
        self._send_part(records[:half], tally)
        self._send_part(records[half:], tally)


def _groups(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Give the records by the call that takes them, in the order of the file."""
    groups: dict[tuple[Kind, str | None], list[Record]] = {}
    for record in records:
        company = record.company_id if record.kind in OF_COMPANY else None
        groups.setdefault((record.kind, company), []).append(record)
    yield from groups.values()


def _parts(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Cut a group into calls that the API takes."""
    most = CALL_MAX_ITEMS if records[0].kind in DOCUMENTS else CALL_MAX_PROFILES
    part: list[Record] = []
    size = 0
    for record in records:
        length = len(json.dumps(record.item))
        if part and (len(part) == most or size + length > CALL_MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(record)
        size += length
    yield part


def _operation(records: Sequence[Record]) -> tuple[str, dict[str, Any]]:
    kind = records[0].kind
    if kind in DOCUMENTS:
        company = {"company": records[0].company_id} if kind in OF_COMPANY else {}
        return DOCUMENTS[kind], {"items": [record.item for record in records], **company}
    field, input_type, selected = PROFILE_FIELDS[kind]
    variables = {f"p{place}": record.item for place, record in enumerate(records)}
    given = ", ".join(f"${name}: {input_type}!" for name in variables)
    saves = " ".join(f"{name}: {field}(input: ${name}) {{ {selected} }}" for name in variables)
    return f"mutation IngestProfiles({given}) {{ {saves} }}", variables


def _count(records: Sequence[Record], reply: Reply, tally: Tally) -> None:
    data = reply.data or {}
    if records[0].kind not in DOCUMENTS:
        tally.accepted += len(records)
        return
    try:
        result = data["result"]
        refused = [_to_refused(records[each["index"]], each) for each in result["rejected"]]
        part = Tally(int(result["accepted"]), int(result["duplicates"]), refused)
    except (KeyError, TypeError, IndexError, ValueError):
        raise ServerError("the server does not answer as a Data Practices API does") from None
    if part.total != len(records):
        raise ServerError("the server did not account for each record; run this again")
    tally.add(part)


def _to_refused(record: Record, rejection: dict[str, Any]) -> Refused:
    key = notice_key(record.key, rejection["field"]) if rejection.get("field") else record.key
    return Refused(record.line, str(rejection["code"]), key, str(rejection["message"]))
