"""Error reports: the typed kinds of the notice (P10), free text cut, the reporter's IP kept as the operator says. Pure."""

import ipaddress
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from app.ingest import Item, check_id, check_line, check_moment, cut_text

BACK = timedelta(days=7)
LOG_LINES_MAX = 200

TEXTS = ("message",)
LINES = ("code",)
PARTS: Mapping[str, tuple[str, ...]] = {
    "exception": ("type", "message", "stackTrace"),
    "performance": ("operation", "durationMs", "succeeded", "retries"),
    "device": ("model", "osName", "osVersion", "appVersion", "language", "memoryMb"),
    "network": ("connection", "effectiveType", "downlinkMbps", "roundTripMs", "online"),
}
FREE_TEXTS = frozenset({"exception.message", "exception.stackTrace"})
WHOLE_NUMBERS = frozenset({"retries", "memoryMb"})


class ErrorKind(StrEnum):
    """What kind of error is reported."""

    SIGN_IN = "SIGN_IN"
    EXCEPTION = "EXCEPTION"
    NETWORK = "NETWORK"
    PERFORMANCE = "PERFORMANCE"
    OTHER = "OTHER"


def read_report(item: Item, now: datetime) -> dict[str, Any]:
    """Return the stored form of one `ErrorReportInput`; raises `ItemError` naming the field."""
    report: dict[str, Any] = {
        "reportId": check_id("reportId", item["reportId"]),
        "kind": str(item["kind"]),
        "occurredAt": check_moment("occurredAt", item["occurredAt"], now, BACK),
    }
    cut: list[str] = []
    if item.get("code") is not None:
        report["code"] = check_line("code", item["code"])
    if item.get("message") is not None:
        report["message"] = _cut("message", item["message"], cut)
    if item.get("log") is not None:
        report["log"] = [_cut("log", line, cut) for line in item["log"][:LOG_LINES_MAX]]
        if len(item["log"]) > LOG_LINES_MAX:
            cut.append("log")
    for part, names in PARTS.items():
        if item.get(part) is not None:
            report[part] = _read_part(part, names, item[part], cut)
    if item.get("sessionId") is not None:
        report["sessionId"] = item["sessionId"]
    if cut:
        report["truncated"] = sorted(set(cut))
    return report


def _read_part(part: str, names: tuple[str, ...], given: Mapping[str, Any], cut: list[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name in names:
        value = given.get(name)
        path = f"{part}.{name}"
        if value is None:
            continue
        if path in FREE_TEXTS:
            kept[name] = _cut(path, value, cut)
        elif isinstance(value, str):
            kept[name] = check_line(path, value)
        elif isinstance(value, bool) or name in WHOLE_NUMBERS:
            kept[name] = value
        else:
            kept[name] = float(value)
    return kept


def _cut(path: str, value: str, cut: list[str]) -> str:
    text, was_cut = cut_text(value.replace("\x00", ""))
    if was_cut:
        cut.append(path)
    return text


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
