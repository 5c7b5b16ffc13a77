"""What a page of reports tells, decoded from their payloads straight into typed records.

Most lists ask for nothing else. A payload holds all that its report told, so nothing else is read and merged, which
takes a third less. Where more is asked, or a payload is not as expected, the document tells it (`open_reports`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.database.client import Document
from app.error_reports.day_keys import HEAD_BYTES, MARK_BYTES


class _Record(msgspec.Struct, rename="camel", gc=False, eq=False):
    """Fields of a payload by their names in the schema; what a report did not tell is null."""


class ToldException(_Record):
    """What was thrown."""

    type: str | None = None
    message: str | None = None
    stack_trace: str | None = None


class ToldPerformance(_Record):
    """How an operation performed."""

    operation: str | None = None
    duration_ms: float | None = None
    succeeded: bool | None = None
    retries: int | None = None


class ToldDevice(_Record):
    """The configuration of the device."""

    model: str | None = None
    os_name: str | None = None
    os_version: str | None = None
    app_version: str | None = None
    language: str | None = None
    memory_mb: int | None = None


class ToldNetwork(_Record):
    """The quality of the network connection."""

    connection: str | None = None
    effective_type: str | None = None
    downlink_mbps: float | None = None
    round_trip_ms: float | None = None
    online: bool | None = None


class Removal(_Record):
    """What was scrubbed from one text."""

    path: str
    rule: str
    count: int


class ToldReport(_Record):
    """One report; `id` and, where it is asked, `received_at` are its document's."""

    report_id: str
    kind: str
    occurred_at: datetime
    code: str | None = None
    message: str | None = None
    exception: ToldException | None = None
    log: list[str] | None = None
    performance: ToldPerformance | None = None
    device: ToldDevice | None = None
    network: ToldNetwork | None = None
    session_id: str | None = None
    truncated: list[str] | None = None
    scrubbed: list[Removal] | None = None
    id: str = ""
    received_at: datetime | None = None


_decode = msgspec.msgpack.Decoder(ToldReport).decode


def tell_reports(rows: Sequence[Document], keys: Mapping[bytes, AESGCM]) -> list[ToldReport | None]:
    """Return what stored reports tell, given the keys of their days by mark; None for one that cannot be read so."""
    told: list[ToldReport | None] = []
    for row in rows:
        sealed, identity = row["payload"], row["_id"].binary
        try:
            key = keys[sealed[:MARK_BYTES]]
            report = _decode(key.decrypt(sealed[MARK_BYTES:HEAD_BYTES], sealed[HEAD_BYTES:], identity))
        except (KeyError, InvalidTag, ValueError):  # of which msgspec's are; and of which a nonce cut short is
            told.append(None)
            continue
        report.id = identity.hex()
        report.received_at = row.get("receivedAt")
        told.append(report)
    return told
