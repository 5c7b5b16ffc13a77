"""What a census text may not look like: whatever names a person, an organisation or a machine of theirs (P2). Pure.

Texts are looked at as a reader sees them: full-width letters made plain, invisible characters left out. A version is
told from an IP address by its numbers: `10.0.19045.3803` is one, `10.1.2.3` could be an address and is refused.
"""

import re
import unicodedata

_OCTET = r"0*(?:25[0-5]|2[0-4]\d|1?\d?\d)"
# Names of software that end like a domain; nothing else with a dot before letters is an app, a device or a system.
_SOFTWARE = re.compile(r"(?i)\b(?:(?:node|vue|next|nuxt|three|react|express)\.js|(?:asp|vb|ado|ml|paint|json)\.net)\b")
_ENDINGS = (
    "com|net|org|edu|gov|mil|int|info|biz|eu|io|dev|app|cloud|local|lan|corp|internal|de|fr|uk|us|ca|au|nz|ch|at|be|nl|it"
    "|es|pt|pl|se|no|fi|dk|ie|cz|ru|ua|jp|cn|kr|in|br|mx|ar|za|tv|me|co|ai"
)
_MACHINES = (
    r"mac|macbook|imac|iphone|ipad|ipod|pc|laptop|computer|desktop|notebook|surface|phone|galaxy|pixel|tablet|watch"
)

# Linear-time patterns: no quantifier inside another that could match the same text twice.
RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an e-mail address or UPN", re.compile(r"@|%40|\(at\)|\[at\]", re.IGNORECASE)),
    ("an account name", re.compile(r"\\")),
    (
        "a tenant or directory id",
        re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE),
    ),
    ("a tenant or directory id", re.compile(r"\bS-1-5-21-\d")),
    ("an IP address", re.compile(rf"(?<![\d.]){_OCTET}(?:\.{_OCTET}){{3}}(?![\d.]*\d)")),
    ("an IP address", re.compile(r"(?<![0-9a-f:])(?:[0-9a-f]{1,4}:){2}|::", re.IGNORECASE)),
    ("a network address", re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![0-9a-f])", re.IGNORECASE)),
    ("a web address", re.compile(r"://|\bwww\.", re.IGNORECASE)),
    ("a domain name", re.compile(r"(?=[\w-]*[^\W\d_])[\w-]+\.(?:[^\W\d_]{2,}|xn--[\w-]+)(?![\w-]|\.\d)")),
    ("a domain name", re.compile(rf"\d\.(?:{_ENDINGS})(?![\w-])", re.IGNORECASE)),
    ("a token or key", re.compile(r"eyJ[\w-]{5}|(?<![\w-])[\w-]{33,}")),
    ("the name of somebody's device", re.compile(rf"['\u2019\u00b4`]s?\s+(?:{_MACHINES})", re.IGNORECASE)),
    ("the name of somebody's device", re.compile(rf"\b(?:{_MACHINES})\s+(?:von|de|di|van|of)\s+\w", re.IGNORECASE)),
    ("the name of a machine", re.compile(r"\b(?:DESKTOP|LAPTOP|WIN|PC)-(?=\w*\d)[A-Z0-9]{6,}\b")),
    ("a telephone number", re.compile(r"\+\d[\d ().-]{6,}\d")),
)


def identity_in(text: str) -> str | None:
    """Return what the text looks like if that could identify somebody, else None."""
    plain = _SOFTWARE.sub("", read_plainly(text))
    return next((what for what, pattern in RULES if pattern.search(plain)), None)


def read_plainly(text: str) -> str:
    """Return the text as a reader sees it: compatibility forms folded, ideographic dots plain, nothing invisible."""
    folded = unicodedata.normalize("NFKC", text).replace("。", ".")
    return "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")
