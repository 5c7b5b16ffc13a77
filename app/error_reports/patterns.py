"""What counts as personal or secret in a text: one pattern per rule, joined into one.

The patterns run under RE2, which takes linear time whatever the text; `verdicts.py` decides about each place that they
find. Nothing here looks ahead or behind: what stands around a place is the verdicts' part.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import re2

# Words that may stand anywhere in a key's name, and words that must be the name or its last part.
_SECRET_PARTS = (
    rb"passw(?:or)?d|passwort|passphrase|secret|credential|api[_. -]?key|access[_-]?key|account[_-]?key|private[_-]?key"
    rb"|shared[_-]?key|encryption[_-]?key|signing[_-]?key|connection[_ -]?string|user[_-]?principal[_-]?name|e-?mail"
    rb"|display[_-]?name|full[_-]?name|first[_-]?name|last[_-]?name|given[_-]?name|family[_-]?name|tenant[_-]?id"
    rb"|object[_-]?id|directory[_-]?id|telephone|phone[_-]?number"
)
_SECRET_WORDS = (
    rb"token|pwd|pass|auth|sig|signature|jwt|otp|pin|cvv|cvc|ssn|upn|msupn|login|surname|user[_-]?name|account[_-]?name"
    rb"|user|tenant|tid|oid|session[_-]?id|sid|phone|mobile|nonce|client[_-]?ip|remote[_-]?addr|x-forwarded-for"
)
# Keys whose value is a name of several words: it goes up to the line's end, since nothing tells where it ends.
_NAME_KEYS = rb"(?:display|full|first|last|given|family)[_-]?name|surname"
_QUOTED = rb"\\+\"[^\"\\\r\n]*\\*\"?|\"(?:[^\"\\\r\n]|\\[^\r\n])*\"?|\\+'[^'\\\r\n]*\\*'?|'(?:[^'\\\r\n]|\\[^\r\n])*'?"
_SCHEME = rb"(?i:bearer|basic|digest|negotiate|ntlm|sharedaccesssignature)"
_GUID = rb"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
# An at sign, encoded or spelt out; one with blanks or brackets around it counts only before a domain (`verdicts.py`).
AT_SIGN = rb"(?:@|%(?:25)?40|\\u0040|&#64;|&commat;| @ | ?[(\[{] ?(?i:at) ?[)\]}] ?)"
_SEPARATOR = rb"(?:\\+|/|%5[Cc]|%2[Ff])"
_ENDINGS = (
    rb"com|net|org|edu|gov|mil|info|biz|eu|io|local|lan|corp|internal|de|fr|uk|ca|au|nz|ch|at|nl|es|it|pl|se|dk|jp"
)

PATTERNS: tuple[tuple[str, bytes], ...] = (
    ("private-key", rb"-----BEGIN [A-Z0-9 ]*(?:KEY|CERTIFICATE)[A-Z0-9 ]*-----[^-]*(?:-----END[A-Z0-9 ]*-----)?"),
    # Only addresses in which something may have to go; the parts of others are seen by the other rules.
    ("url", rb"[A-Za-z][A-Za-z0-9+.-]*:(?://|\\/\\/)[^\s\"'<>\x60?#@]*[?#@][^\s\"'<>\x60]*"),
    (
        "header",
        rb"(?i:\b(?:proxy-)?authorization|\b(?:set-)?cookie)\\*[\"']?\s*[:=]\s*(?:" + _QUOTED + rb"|[^\r\n]+)",
    ),
    (
        "secret",
        rb"(?i:[\w.-]*(?:" + _NAME_KEYS + rb")[\w-]*)\\*[\"']?\]?\s*[:=]\s*(?:" + _QUOTED + rb"|[^\r\n;&\"'<>{}\[\]]+)"
        rb"|(?i:[\w.-]*(?:" + _SECRET_PARTS + rb")[\w-]*|(?:[\w.-]*[_.-])?(?:\b|_)(?:" + _SECRET_WORDS + rb")"
        rb"|[A-Za-z][\w.-]*(?:Token|Upn|Auth|User|Login|Signature|Phone))"
        rb"\\*[\"']?\]?\s*[:=]\s*(?:" + _QUOTED + rb"|" + _SCHEME + rb"\s+[^\s\"']+|[^\s;&\"'<>]+)",
    ),
    ("bearer", rb"\b" + _SCHEME + rb"\s+[A-Za-z0-9._~+/=:-]+"),
    ("jwt", rb"\beyJ[A-Za-z0-9_=-]+(?:\.[A-Za-z0-9_=+/-]*)*"),
    (
        "key",
        (
            rb"\b(?:A(?:KIA|SIA|ROA|IDA|GPA|NPA)[A-Z0-9]+|gh[opsur]_[A-Za-z0-9]+|github_pat_\w+|glpat-[\w-]+|xox[a-z]-[\w-]+"
            rb"|xapp-[\w-]+|AIza[\w-]+|ya29\.[\w-]+|[rsp]k_(?:live|test)_\w+|whsec_\w+|npm_[A-Za-z0-9]+|pypi-[\w-]+"
            rb"|SG\.[\w-]+\.[\w-]+|sk-[\w-]+|hf_[A-Za-z0-9]+|do[opr]_v1_\w+|shp[a-z][a-z]_\w+|\d+:AA[\w-]+)"
            rb"|[\w.~-]{3}8Q~[\w.~-]+"
        ),
    ),
    (
        "email",
        (rb"[^\s@<>\"'(),;:\\\[\]{}=|/&?\x60]+" + AT_SIGN + rb"[\w\x80-\xff-]+(?:\.[\w\x80-\xff-]+)*"),
    ),
    ("guid", _GUID),
    ("tenant-domain", rb"(?i:[\w-]+\.(?:onmicrosoft|sharepoint)\.(?:com|us|de|cn|mil))"),
    ("ip", rb"\d+(?:\.\d+){3,}"),
    ("mac", rb"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}"),
    ("ipv6", rb"(?:[0-9A-Fa-f]{1,4}:){5,7}[0-9A-Fa-f:.]+(?:%\w+)?|[0-9A-Fa-f:]*::[0-9A-Fa-f:.]*(?:%\w+)?"),
    ("ip-host", rb"\bip-\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}"),
    ("ip-dashes", rb"\b\d{1,3}(?:-\d{1,3}){3,}\b"),
    ("iban", rb"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"),
    ("ssn", rb"\b\d{3}-\d{2}-\d{4}\b"),
    ("phone", rb"\+\d[\d ().-]*\d|\(?\b\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b"),
    ("sid", rb"\bS-1-5-21(?:-\d+)+"),
    # Before cards: a key may begin with as many digits as one.
    ("random", rb"\b[A-Za-z0-9][A-Za-z0-9_+/-]{31,}=*"),
    ("card", rb"\d(?:[ -]?\d){11,}"),
    (
        "home-folder",
        rb"(?:/|%2[Ff])(?:home|export/home|var/home|Users)(?:/|%2[Ff])[^/\s\"'<>:]+"
        rb"|(?i:" + _SEPARATOR + rb"(?:users|documents and settings|homes?)" + _SEPARATOR + rb")"
        rb"(?:[^\\/\r\n\"'<>|:*?%]+[\\/]|[^\s\\/\"'<>|:*?]+)",
    ),
    ("query", rb"\?[\w.~%\[\]-]+=[^\s\"'<>]*"),
    ("user", rb"(?i:\b(?:user|login|account|principal|logon)(?: name| id)? ?\\*)['\"][^'\"\r\n]+['\"]?"),
    ("name", rb"\b(?:CN|DC)=[^,;\r\n\"']+"),
    # In one case only: `System.Net` and `Foo.Me` are names of programs.
    (
        "domain",
        rb"\b(?:[a-z0-9\x80-\xff][a-z0-9\x80-\xff-]*\.)+(?:" + _ENDINGS + rb")\b"
        rb"|\b(?:[A-Z0-9\x80-\xff][A-Z0-9\x80-\xff-]*\.)+(?:" + _ENDINGS.upper() + rb")\b",
    ),
)


@dataclass(frozen=True, slots=True)
class Patterns:
    """Some rules as one pattern that finds places, and as a set that tells which rule a place is of.

    A pattern with a group for each rule would do both, but costs four times as much for each place.
    """

    rules: tuple[str, ...]
    find: Callable[[bytes, int, int], Sequence[tuple[int, int]]]  # the next place between two offsets; -1, -1 if none
    kinds: Any  # google-re2 ships no types

    def rule_of(self, place: bytes) -> str:
        """Return the rule of a place: the first whose pattern is all of it, which is the one that found it."""
        first: int = min(self.kinds.Match(place))
        return self.rules[first]


def combine(*names: str) -> Patterns:
    """Return these rules as one; the first in the list above wins where two begin alike."""
    chosen = [(rule, pattern) for rule, pattern in PATTERNS if rule in names]
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # byte by byte: what is above ASCII is the patterns' own part
    options.max_mem = 64 << 20  # room for its automaton, so that it never falls back to the slower one
    kinds = re2.Set.FullMatchSet(options)
    for _, pattern in chosen:
        kinds.Add(pattern)
    kinds.Compile()
    places = re2.compile(b"|".join(pattern for _, pattern in chosen), options)
    # The method below its `finditer`, which costs three times as much for each place as the search itself.
    find = partial(places._regexp.Match, re2._Anchor.UNANCHORED)  # noqa: SLF001
    return Patterns(tuple(rule for rule, _ in chosen), find, kinds)


ANYWHERE = combine(*(rule for rule, _ in PATTERNS if rule != "domain"))
# In short labels that many read; in free text an address of a program or a frame would go with it.
DOMAINS = combine("domain")
# An id that a client makes is random by nature, but none is longer than a GUID.
IN_IDS = combine(*(rule for rule, _ in PATTERNS if rule not in {"random", "domain"}))
ID_LONGEST = 36
# What may stand inside a long path that is kept.
INSIDE = {"random": combine("guid", "card", "home-folder")}
GUIDS: Any = re2.compile(rb"(?i)\b" + _GUID + rb"\b")
