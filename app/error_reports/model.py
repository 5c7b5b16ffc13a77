"""Error reports: the typed kinds of the notice (P10), free text scrubbed and cut, the reporter's IP as configured.

Pure. A report falls into what stays open, because filters and counts need it, and its payload, which is sealed under
the key of its day (`day_keys.py`).
"""

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from app.error_reports.patterns import ANYWHERE, DOMAINS, ID_LONGEST, IN_IDS
from app.error_reports.scrubbing import NO_IDS, Scrubber
from app.ingest import Item, ItemError, check_id, check_line, check_moment, cut_text

BACK = timedelta(days=7)
LOG_LINES_MAX = 200
LOG_CHARACTERS_MAX = 32_768  # of all lines together; a report with more could not be stored anyway
LINE_MAX = 256

PARTS: Mapping[str, tuple[str, ...]] = {
    "exception": ("type", "message", "stackTrace"),
    "performance": ("operation", "durationMs", "succeeded", "retries"),
    "device": ("model", "osName", "osVersion", "appVersion", "language", "memoryMb"),
    "network": ("connection", "effectiveType", "downlinkMbps", "roundTripMs", "online"),
}
FREE_TEXTS = frozenset({"exception.message", "exception.stackTrace"})
LABELS = frozenset({"code", "performance.operation", "device.appVersion"})  # read by analysts, too
TOLD = ("reportId", "kind", "occurredAt", "code")  # of the open fields
WHOLE_NUMBERS = frozenset({"retries", "memoryMb"})


class ErrorKind(StrEnum):
    """What kind of error is reported."""

    SIGN_IN = "SIGN_IN"
    EXCEPTION = "EXCEPTION"
    NETWORK = "NETWORK"
    PERFORMANCE = "PERFORMANCE"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Report:
    """One report that was read: its open fields, and what is to be sealed."""

    fields: dict[str, Any]
    payload: dict[str, Any]

    @property
    def told(self) -> dict[str, Any]:
        """All that the report tells, sealed: lists read it from there alone."""
        return {**{name: self.fields[name] for name in TOLD if name in self.fields}, **self.payload}


_UUID = re.compile(r"(?=.*[A-Fa-f])[0-9A-Fa-f]{8}(-?)[0-9A-Fa-f]{4}\1[0-9A-Fa-f]{4}\1[0-9A-Fa-f]{4}\1[0-9A-Fa-f]{12}")
Pseudonym = Callable[[str], str]


def read_report(item: Item, now: datetime, pseudonym: Pseudonym, known_ids: frozenset[str] = NO_IDS) -> Report:
    """Return one `ErrorReportInput` scrubbed, checked and cut; raises `ItemError` naming the field.

    A report id in which something personal stands is replaced by its pseudonym, so that it still tells duplicates. So
    is the session's id, always: clients send the same with census records, which nothing may tie to a person (P3).
    """
    session_id = item.get("sessionId")
    reading = _Reading(Scrubber(known_ids if session_id is None else known_ids | {session_id.upper()}))
    report_id = check_id("reportId", item["reportId"])
    clean_id = reading.is_clean_id("reportId", report_id)
    fields: dict[str, Any] = {
        "reportId": report_id if clean_id else pseudonym(f"report/{report_id}"),
        "kind": str(item["kind"]),
        "occurredAt": _to_millisecond(check_moment("occurredAt", item["occurredAt"], now, BACK)),
    }
    if item.get("code") is not None:
        fields["code"] = reading.line("code", item["code"])
    payload: dict[str, Any] = {}
    if item.get("message") is not None:
        payload["message"] = reading.text("message", item["message"])
    for part, names in PARTS.items():
        if item.get(part) is not None:
            payload[part] = reading.part(part, names, item[part])
    if item.get("log") is not None:
        payload["log"] = reading.log(item["log"])
    if session_id is not None:
        payload["sessionId"] = pseudonym(f"session/{session_id.upper()}")
    if version := payload.get("device", {}).get("appVersion"):
        fields["appVersion"] = version
    if reading.scrubber.cut:
        payload["truncated"] = sorted(reading.scrubber.cut)
    if account := reading.scrubber.account():
        payload["scrubbed"] = account
    return Report(fields, payload)


def _to_millisecond(moment: datetime) -> datetime:
    """Return what MongoDB keeps of a moment, so that payloads tell the same."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads the texts of one report; each is scrubbed before it is cut, so that nothing hides half behind the cut."""

    scrubber: Scrubber

    def is_clean_id(self, path: str, value: str) -> bool:
        if _UUID.fullmatch(value):  # the common form costs no scan
            return value.upper() not in self.scrubber.known
        patterns = IN_IDS if len(value) <= ID_LONGEST else ANYWHERE
        return self.scrubber.scrub(path, value, patterns) == value

    def text(self, path: str, value: str) -> str:
        text, was_cut = cut_text(self.scrubber.scrub(path, value.replace("\x00", "")))
        if was_cut:
            self.scrubber.cut.add(path)
        return text

    def line(self, path: str, value: str) -> str:
        scrubbed = self.scrubber.scrub(path, check_line(path, value, LINE_MAX))
        if path in LABELS and "." in scrubbed:
            scrubbed = self.scrubber.scrub(path, scrubbed, DOMAINS)
        return scrubbed[:LINE_MAX]

    def log(self, lines: list[str]) -> list[str]:
        kept, left = [], LOG_CHARACTERS_MAX
        for line in lines[:LOG_LINES_MAX]:
            if left <= 0:
                break
            kept.append(self.text("log", line))
            left -= len(line)
        if len(kept) < len(lines):
            self.scrubber.cut.add("log")
        return kept

    def part(self, part: str, names: tuple[str, ...], given: Mapping[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name in names:
            value = given.get(name)
            path = f"{part}.{name}"
            if value is None:
                continue
            if isinstance(value, str):
                kept[name] = self.text(path, value) if path in FREE_TEXTS else self.line(path, value)
            elif isinstance(value, bool):
                kept[name] = value
            elif 0 <= value < math.inf:  # a number in the document may be so large that it is none
                kept[name] = value if name in WHOLE_NUMBERS else float(value)
            else:
                raise ItemError(path, "be a number of at least 0")
        return kept


IpMode = Literal["full", "truncated", "none"]
_KEPT_BITS = {4: 24, 6: 48}


def keep_address(address: str | None, mode: IpMode) -> str | None:
    """Return what is kept of an IP: all, its /24 or /48 network, or nothing; nothing too if it is not one."""
    if address is None or mode == "none":
        return None
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped or parsed
    if mode == "full":
        return str(parsed)
    return str(ipaddress.ip_network((int(parsed), _KEPT_BITS[parsed.version]), strict=False).network_address)
