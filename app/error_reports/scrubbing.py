"""Removes personal data and secrets from every text of a report before it is grouped or stored (P10).

Promises that a text costs time in proportion to its length, never more than 32 KiB of it is looked at, and that the
account of what was removed names path, rule and count, never a value. Names of people in running text are not found:
only those after a key such as `displayName`. Which GUIDs are known ids is told by the caller (`known_ids.py`).
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.error_reports.patterns import ANYWHERE, INSIDE, Patterns
from app.error_reports.seen_texts import KEPT, SCRUBBED, remember_kept, remember_scrubbed
from app.error_reports.verdicts import VERDICTS, Place, route_after
from app.ingest import CUT_NOTE, ITEM_MAX_BYTES

LOOKED_AT_BYTES = ITEM_MAX_BYTES
PLACES_MAX = 500  # a text with more findings than that is cut there: it is no message that helps anybody
DEPTH_MAX = 3  # addresses inside addresses
CUT_BACK = 4_096  # at a cut, what may be half a secret goes: up to a line's end within so many bytes, or so many

# Rules whose verdict depends on the place alone: a trace names the same folder in each of its frames.
CONTEXT_FREE = frozenset({"home-folder", "tenant-domain", "mac", "sid", "jwt", "key", "iban", "card"})

NO_IDS: frozenset[str] = frozenset()


@dataclass(slots=True)
class Scrubber:
    """Scrubs the texts of one report and keeps the account of what was removed."""

    known: frozenset[str] = NO_IDS
    removed: dict[tuple[str, str], int] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)  # paths of texts of which only a part was looked at, and kept

    def scrub(self, path: str, text: str, patterns: Patterns = ANYWHERE) -> str:
        """Return `text` without personal data; what was removed is counted under `path`."""
        if patterns is not ANYWHERE:
            return self._look_through(path, text, patterns)
        if text in KEPT:
            return text
        seen = SCRUBBED.get(hash(text))
        if seen is None:
            return self._look_through(path, text, patterns)
        self._count(path, seen[1])
        return seen[0]

    def _look_through(self, path: str, text: str, patterns: Patterns) -> str:
        whole = text.encode(errors="replace")
        data, was_cut = whole[:LOOKED_AT_BYTES], len(whole) > LOOKED_AT_BYTES
        if not text.isascii():  # full-width letters and signs are read as plain ones
            data = unicodedata.normalize("NFKC", data.decode(errors="ignore")).encode()
        first = patterns.find(data, 0, len(data))[0]
        if first[0] < 0 and not was_cut:
            if patterns is ANYWHERE:
                remember_kept(text)
            return text
        scan = _Scan(self.known, patterns)
        keep = kept_length(data) if was_cut else len(data)
        cleaned = scan.walk(patterns, data, (0, len(data)), 0, first, keep)
        self._count(path, scan.found)
        if was_cut or scan.gave_up:
            self.cut.add(path)
            return cleaned.decode(errors="ignore") + CUT_NOTE
        may_remember = patterns is ANYWHERE and not scan.asked_known
        if not scan.found:
            if may_remember:
                remember_kept(text)
            return text
        scrubbed = cleaned.decode(errors="replace")
        if may_remember:
            remember_scrubbed(text, scrubbed, scan.found)
        return scrubbed

    def _count(self, path: str, found: Mapping[str, int]) -> None:
        for rule, count in found.items():
            self.removed[path, rule] = self.removed.get((path, rule), 0) + count

    def account(self) -> list[dict[str, Any]]:
        """Return what was removed where, by which rule and how often; never a value."""
        return [{"path": path, "rule": rule, "count": count} for (path, rule), count in sorted(self.removed.items())]


def kept_length(data: bytes) -> int:
    """Return how much is kept of a text of which only this part was looked at: its end may be half a secret.

    A place that is found across that length is found whole, since all of the part is looked at.
    """
    line_end = data.rfind(b"\n", max(len(data) - CUT_BACK, 0))
    return line_end if line_end > 0 else max(len(data) - CUT_BACK, 0)


class _Scan:
    """One pass over one text."""

    __slots__ = ("_judged", "_places", "asked_known", "found", "gave_up", "known", "patterns")

    def __init__(self, known: frozenset[str], patterns: Patterns) -> None:
        self.known = known
        self.patterns = patterns
        self.found: dict[str, int] = {}
        self.gave_up = False
        self.asked_known = False  # then the same text may come out differently another time
        self._places = 0
        self._judged: dict[bytes, tuple[str, bytes]] = {}

    def walk(  # noqa: PLR0917 - one loop for texts and for what is inside them
        self,
        patterns: Patterns,
        data: bytes,
        span: tuple[int, int],
        depth: int,
        first: tuple[int, int] | None = None,
        keep: int | None = None,
    ) -> bytes:
        """Return this span of the text without what the rules find; `first` is the first place if it is known.

        What begins at `keep` or later is looked at for the sake of what comes before, and left out.
        """
        pieces: list[bytes] = []
        done, limit = span
        last = limit if keep is None else keep
        start, end = first or patterns.find(data, done, limit)[0]
        while 0 <= start < last:
            self._places += 1
            if self._places > PLACES_MAX:
                self.gave_up = True
                return b"".join([*pieces, data[done:start]])
            instead, position = self._look_at(patterns, data, start, end, depth)
            if instead is not None:
                pieces += (data[done:start], instead)
                done = end
            start, end = patterns.find(data, position, limit)[0]
        return b"".join([*pieces, data[done:last]]) if pieces else data[done:last]

    def _look_at(self, patterns: Patterns, data: bytes, start: int, end: int, depth: int) -> tuple[bytes | None, int]:
        """Return what stands at a place instead, if it has to go, and where to go on."""
        text = data[start:end]
        judged = self._judged.get(text)
        if judged is not None:
            self.count(judged[0])
            return judged[1], end
        rule = patterns.rule_of(text)
        instead = self._judge(rule, Place(data, start, end, self.known), depth)
        if instead is None:
            return None, _resume(rule, data, start, end)
        if rule in CONTEXT_FREE:
            self._judged[text] = rule, instead
        return instead, end

    def count(self, rule: str) -> None:
        """Count what a rule removed."""
        self.found[rule] = self.found.get(rule, 0) + 1

    def _judge(self, rule: str, place: Place, depth: int) -> bytes | None:
        if rule == "url":
            return self._clean_url(place.text, depth)
        if rule == "guid":
            self.asked_known = True
        instead = VERDICTS[rule](place)
        if instead is not None:
            self.count(rule)
        elif rule in INSIDE:
            return self.walk(INSIDE[rule], place.data, (place.start, place.end), depth)
        return instead

    def _clean(self, data: bytes, depth: int) -> bytes:
        return self.walk(self.patterns, data, (0, len(data)), depth)

    def _clean_url(self, text: bytes, depth: int) -> bytes:
        """Return an address without credentials, query and fragment, and clean in what is left."""
        if depth >= DEPTH_MAX:
            self.count("url")
            return b"[url]"
        scheme, slashes, rest = text.partition(b"//" if b"://" in text else b"\\/\\/")
        cut = min((place for place in (rest.find(b"?"), rest.find(b"#")) if place >= 0), default=len(rest))
        route, tail = rest[:cut], rest[cut:]
        if len(tail) > 1:
            rule = "query" if tail[:1] == b"?" else "fragment"
            self.count(rule)
            tail = tail[:1] + b"[" + rule.encode() + b"]" + route_after(tail)
        host, slash, path = route.partition(b"/")
        credentials, at, host = host.rpartition(b"@")
        if credentials:
            self.count("url-credentials")
            credentials = b"[credentials]"
        return scheme + slashes + credentials + at + self._clean(host + slash + path, depth + 1) + tail


def _resume(rule: str, data: bytes, start: int, end: int) -> int:
    """Return where to go on after a place that was kept: what it hides must still be seen."""
    if rule == "email":
        at = data.find(b"@", start, end)
        return at + 1 if at >= 0 else end
    if rule in {"secret", "bearer", "header", "iban", "card"}:
        gap = next((place for place in range(start, end) if data[place] in b":= -"), end - 1)
        return gap + 1
    return end
