"""What a text may not look like: whatever names a person, an organisation or a machine of theirs (P2, P6, P8). Pure.

Promises that addresses, ids, domains, accounts and machines' names are seen in the forms that people and systems write
them in, also spelt out or with other separators. Does not promise more: the name of a person or a company is a word
like any other, and nothing here can tell `Alice` from `Surface`.

A version is told from an IP address by its numbers: `10.0.19045.3803` is one, `10.1.2.3` could be an address and is
refused; `2.0.0.0` is none of anybody's. The patterns run under RE2, in time linear in the text.
"""

from typing import Any

import re2

from app.identity.reading import read_plainly

_OCTET = r"0*(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_OCTETS = "|".join(
    rf"{_OCTET}(?:{separator}{_OCTET}){{3}}" for separator in (r"\s*[.]\s*", r"\s*,\s*", "-", "_", r"\s+")
)
_LABEL = r"\pL[\pL\pM\pN_-]*"  # from its first letter on: a domain's label has one
_ENDINGS = (
    "com|net|org|edu|gov|mil|int|info|biz|eu|io|dev|app|cloud|local|lan|corp|internal|de|fr|uk|us|ca|au|nz|ch|at|be|nl|it"
    "|es|pt|pl|se|no|fi|dk|ie|cz|ru|ua|jp|cn|kr|in|br|mx|ar|za|tv|me|co|ai"
)
_CLEAR_ENDINGS = (  # no words of their own
    "com|net|org|edu|gov|mil|info|biz|eu|io|local|lan|corp|internal|de|fr|uk|ca|au|nz|ch|nl|se|fi|dk|jp|cn"
)
_MACHINES = (
    r"mac|macbook|imac|iphone|ipad|ipod|pc|laptop|computer|desktop|notebook|surface|phone|galaxy|pixel|tablet|watch"
)
_END = r"(?:$|[^\w-])"
_NO_HEX = r"(?:^|[^0-9a-fA-F:])"

# Software that looks like a domain or an account, versions of zeros (no machine's address), a processor's speed.
_HARMLESS: Any = re2.compile(
    r"(?i:\b(?:node|vue|next|nuxt|three|react|express)\.js\b|\b(?:asp|vb|ado|ml|paint|json)\.net\b)"
    r"|(?:^|\s)\.NET\b|\bGNU/|\b\d{1,3}\.0\.0\.0\b|\s@\s+\d+(?:\.\d+)?\s?[GM]Hz\b"
)

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("an e-mail address or UPN", r"@|(?i:[(\[{<]\s*at\s*[)\]}>])"),
    ("an account name", r"\\|\b[A-Z]{3,15}/[a-z][a-z._-]{2,}"),
    (
        "an account name",
        r"(?i:\b(?:cn|ou|dc|uid)\s*=)|(?i:\b(?:user|user[_-]?name|login|account|upn|owner|e-?mail)\s*[:=])",
    ),
    ("a tenant or directory id", r"(?i:[0-9a-f](?:[^0-9a-z]*[0-9a-f]){31})"),
    ("a tenant or directory id", r"(?i:[0-9a-f]{8}(?:[^0-9a-z]+[0-9a-f]{4}){3})"),
    ("a tenant or directory id", r"\bS-1-5-21-\d"),
    ("an IP address", rf"(?:^|\D)(?:{_OCTETS})(?:\D|$)"),
    ("an IP address", rf"{_NO_HEX}(?:[0-9a-fA-F]{{1,4}}:){{2}}|::|(?i:\bfe80[-_.])"),
    ("an IP address", rf"{_NO_HEX}[0-9a-fA-F]{{1,4}}(?:[-_. ][0-9a-fA-F]{{1,4}}){{7}}(?:[^0-9a-fA-F]|$)"),
    ("a network address", rf"{_NO_HEX}(?:[0-9a-fA-F]{{2}}[:_. -]){{5}}[0-9a-fA-F]{{2}}(?:[^0-9a-fA-F]|$)"),
    ("a web address", r"(?i:://|\bwww\.)"),
    ("a domain name", rf"{_LABEL}\.(?:\pL{{2,}}|xn--[\w-]+)(?:$|[^\pL\pM\pN_.-]|\.(?:$|\D))"),
    ("a domain name", rf"(?i:[\pL\d][\w-]*\.(?:{_ENDINGS}){_END})"),
    ("a domain name", rf"(?i:{_LABEL}(?:\s+\.\s*|\.\s+)(?:{_CLEAR_ENDINGS}){_END})"),
    ("a domain name", rf"(?i:{_LABEL}[\s(\[{{<_-]+(?:dot|punkt|point)[\s)\]}}>_-]+(?:{_CLEAR_ENDINGS}){_END})"),
    ("a domain name", r"(?i:[\pL\d][_-](?:com|org|edu|gov|onmicrosoft|co[_-]uk)(?:$|[^\pL\d]))"),
    ("a token or key", r"eyJ[\w-]{5}|[\w-]{33,}"),
    ("the name of somebody's device", rf"(?i:'s?\s+(?:{_MACHINES}))|(?i:\b(?:{_MACHINES})\s+d'\s*\pL)"),
    ("the name of somebody's device", rf"(?i:\b(?:{_MACHINES})\s+(?:von|de|di|van|of)\s+[\pL\d])"),
    ("the name of a machine", r"\b(?:DESKTOP|LAPTOP|WIN|PC)-[A-Z0-9]{6,}\b"),
    ("a telephone or serial number", r"(?:^|\W)\+\d[\d ().-]{6,}\d|\d{13,}"),
)
_RULES: tuple[tuple[str, Any], ...] = tuple((what, re2.compile(pattern)) for what, pattern in _PATTERNS)
_OPTIONS = re2.Options()
_OPTIONS.max_mem = 32 << 20  # room for the automaton of all rules, so that it never falls back to the slower one
_ANY_RULE: Any = re2.compile("|".join(pattern for _, pattern in _PATTERNS), _OPTIONS)

# What stands before `-pc` where it names no owner: makers, and kinds of machines.
_OWNERLESS_WORDS = (
    "acer amd apple asus cloud dell fujitsu gaming generic gigabyte google honor hp huawei ideapad intel lenovo lg"
    " linux mac medion micro microsoft mini mobile msi nuc one panasonic razer remote samsung smart sony surface tablet"
    " thin thinkpad toshiba ubuntu ultra virtual windows xiaomi yoga"
)
_OWNERLESS = frozenset(_OWNERLESS_WORDS.split())
_OWNED: Any = re2.compile(
    r"(?P<owner>[\pL\d_]*\pL)-(?:(?i:pc|laptop|notebook|macbook|imac|iphone|ipad)\b|(?:DESKTOP|MAC)\b)"
)


def identity_in(text: str) -> str | None:
    """Return what the text looks like if that could identify somebody, else None."""
    plain = _HARMLESS.sub(" ", read_plainly(text))
    if _ANY_RULE.search(plain):
        return next(what for what, pattern in _RULES if pattern.search(plain))
    owners = (found.group("owner").lower() for found in _OWNED.finditer(plain))
    return "the name of a machine" if any(owner not in _OWNERLESS for owner in owners) else None
