"""Removes personal data and secrets from every text of a report before it is grouped or stored (P10).

Promises that a text costs time in proportion to its length, never more than 32 KiB of it is looked at, and that the
account of what was removed names path, rule and count, never a value. Names of people in running text are not found:
only those after a key such as `displayName`. Which GUIDs are known ids is told by the caller (`known_ids.py`).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from app.error_reports.patterns import ANYWHERE, INSIDE, Patterns
from app.error_reports.verdicts import VERDICTS, Place, route_after
from app.ingest import CUT_NOTE, ITEM_MAX_BYTES

LOOKED_AT_BYTES = ITEM_MAX_BYTES
PLACES_MAX = 500  # a text with more findings than that is cut there: it is no message that helps anybody
DEPTH_MAX = 3  # addresses inside addresses
CLEAN_KEPT = 4_096
CLEAN_LONGEST = 64
CUT_BACK = 4_096  # at a cut, what may be half a secret goes: up to a line's end within so many bytes, or so many

# Rules whose verdict depends on the place alone: a trace names the same folder in each of its frames.
CONTEXT_FREE = frozenset({"home-folder", "tenant-domain", "mac", "sid", "jwt", "key", "iban", "card"})

NO_IDS: frozenset[str] = frozenset()


@dataclass(slots=True)
class Scrubber:
    """Scrubs the texts of one report and keeps the account of what was removed."""

    known: frozenset[str] = NO_IDS
    removed: Counter[tuple[str, str]] = field(default_factory=Counter)
    cut: set[str] = field(default_factory=set)  # paths of texts of which only a part was looked at, and kept

    def scrub(self, path: str, text: str, patterns: Patterns = ANYWHERE) -> str:
        """Return `text` without personal data; what was removed is counted under `path`."""
        if text in _CLEAN:
            return text
        data, was_cut = bound(text.encode(errors="replace"))
        places = patterns.places.finditer(data)
        first = next(places, None)
        if first is None and not was_cut:
            if patterns is ANYWHERE:
                _remember_clean(text)
            return text
        scan = _Scan(self.known, patterns)
        cleaned = scan.walk(patterns, data, (0, len(data)), 0, chain((first,), places)) if first else data
        if not scan.found and not was_cut and not scan.gave_up:
            return text
        for rule, count in scan.found.items():
            self.removed[path, rule] += count
        if was_cut or scan.gave_up:
            self.cut.add(path)
            return cleaned.decode(errors="ignore") + CUT_NOTE
        return cleaned.decode(errors="replace")

    def account(self) -> list[dict[str, Any]]:
        """Return what was removed where, by which rule and how often; never a value."""
        return [{"path": path, "rule": rule, "count": count} for (path, rule), count in sorted(self.removed.items())]


# Short texts in which nothing was found, such as "wifi": most reports repeat them.
_CLEAN: dict[str, None] = {}


def _remember_clean(text: str) -> None:
    if len(text) > CLEAN_LONGEST:
        return
    if len(_CLEAN) >= CLEAN_KEPT:
        _CLEAN.clear()
    _CLEAN[text] = None


def bound(data: bytes) -> tuple[bytes, bool]:
    """Return the part of a text that is looked at, and whether it is cut; nothing hides half behind the cut."""
    if len(data) <= LOOKED_AT_BYTES:
        return data, False
    line_end = data.rfind(b"\n", LOOKED_AT_BYTES - CUT_BACK, LOOKED_AT_BYTES)
    return data[: line_end if line_end > 0 else LOOKED_AT_BYTES - CUT_BACK], True


class _Scan:
    """One pass over one text."""

    def __init__(self, known: frozenset[str], patterns: Patterns) -> None:
        self.known = known
        self.patterns = patterns
        self.found: Counter[str] = Counter()
        self.gave_up = False
        self._places = 0
        self._judged: dict[bytes, tuple[str, bytes | None]] = {}

    def clean(self, data: bytes, depth: int = 0) -> bytes:
        """Return the text without what the rules find."""
        return self.walk(self.patterns, data, (0, len(data)), depth)

    def walk(
        self,
        patterns: Patterns,
        data: bytes,
        span: tuple[int, int],
        depth: int,
        places: Iterator[Any] | None = None,
    ) -> bytes:
        """Return this span of the text without what the rules find; `places` if they are being found already."""
        pieces: list[bytes] = []
        done, limit = span
        places = patterns.places.finditer(data, done, limit) if places is None else places
        while (match := next(places, None)) is not None:
            start, end = match.span()
            self._places += 1
            if self._places > PLACES_MAX:
                self.gave_up = True
                return b"".join([*pieces, data[done:start]])
            text = data[start:end]
            if text in self._judged:
                rule, instead = self._judged[text]
                self.found[rule] += 1
            else:
                rule = patterns.rule_of(text)
                instead = self._judge(rule, Place(data, start, end, self.known), depth)
                if rule in CONTEXT_FREE and instead is not None:
                    self._judged[text] = rule, instead
            if instead is None:
                position = _resume(rule, data, start, end)
                if position < end:
                    places = patterns.places.finditer(data, position, limit)
                continue
            pieces += (data[done:start], instead)
            done = end
        return b"".join([*pieces, data[done:limit]])

    def _judge(self, rule: str, place: Place, depth: int) -> bytes | None:
        if rule == "url":
            return self._clean_url(place.text, depth)
        instead = VERDICTS[rule](place)
        if instead is not None:
            self.found[rule] += 1
        elif rule in INSIDE:
            return self.walk(INSIDE[rule], place.data, (place.start, place.end), depth)
        return instead

    def _clean_url(self, text: bytes, depth: int) -> bytes:
        """Return an address without credentials, query and fragment, and clean in what is left."""
        if depth >= DEPTH_MAX:
            self.found["url"] += 1
            return b"[url]"
        scheme, slashes, rest = text.partition(b"//" if b"://" in text else b"\\/\\/")
        cut = min((place for place in (rest.find(b"?"), rest.find(b"#")) if place >= 0), default=len(rest))
        route, tail = rest[:cut], rest[cut:]
        if len(tail) > 1:
            rule = "query" if tail[:1] == b"?" else "fragment"
            self.found[rule] += 1
            tail = tail[:1] + b"[" + rule.encode() + b"]" + route_after(tail)
        host, slash, path = route.partition(b"/")
        credentials, at, host = host.rpartition(b"@")
        if credentials:
            self.found["url-credentials"] += 1
            credentials = b"[credentials]"
        return scheme + slashes + credentials + at + self.clean(host + slash + path, depth + 1) + tail


def _resume(rule: str, data: bytes, start: int, end: int) -> int:
    """Return where to go on after a place that was kept: what it hides must still be seen."""
    if rule == "email":
        at = data.find(b"@", start, end)
        return at + 1 if at >= 0 else end
    if rule in {"secret", "bearer", "header", "iban", "card"}:
        gap = next((place for place in range(start, end) if data[place] in b":= -"), end - 1)
        return gap + 1
    return end
