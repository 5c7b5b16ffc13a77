"""Decides about each place that the patterns find: what stands there instead, or that it is harmless.

A verdict looks at the place and at what stands around it (check digits, prefixes, the word before a GUID). Returning
None keeps the text. Kept on purpose: the loopback addresses, version numbers that say that they are one, package names
such as `react@18.2.0`, times, hashes of fewer than 32 characters, and GUIDs that nothing ties to a tenant or person.
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from app.error_reports.patterns import AT_SIGN, GUIDS

LOOK_BACK = 48  # bytes before a place that may tell what it is


@dataclass(slots=True)  # not frozen: that would make each three times as dear
class Place:
    """A match: the whole text, where it begins and ends, and the GUIDs known to be a tenant's or a directory's."""

    data: bytes
    start: int
    end: int
    known: frozenset[str]

    @property
    def text(self) -> bytes:
        """What was matched."""
        return self.data[self.start : self.end]

    @property
    def before(self) -> bytes:
        """What stands before it."""
        return self.data[max(0, self.start - LOOK_BACK) : self.start]

    @property
    def after(self) -> bytes:
        """What follows."""
        return self.data[self.end : self.end + 3]


Verdict = Callable[[Place], bytes | None]

_HARMLESS = re.compile(  # the first run of backslashes is possessive: else the second one could share it in many ways
    rb"(?i)\\*+[\"']?(?:null|none|nil|undefined|true|false|nan|\*+|\[[a-z -]+\]|<[a-z ]+>|\d{1,3})?\\*[\"']?[,)}\].]*"
)
_KEY_VALUE = re.compile(rb"(?s)(.*?[:=]\s*)(.*)")
_WORDS_AFTER_SCHEME = frozenset(
    b"token tokens auth authentication authorization error errors is was scheme header type challenge not missing "
    b"realm format credentials usage details info information".split()
)
_CARD = re.compile(
    rb"4\d{12}(?:\d{3}){0,2}|5\d{15}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|35\d{14}|6\d{15,18}"
)
_PROGRAMS = (
    b"chrome/",
    b"chromium/",
    b"edg/",
    b"edge/",
    b"edga/",
    b"opr/",
    b"electron/",
    b"teams/",
    b"webview/",
    b"cefsharp/",
)
_OCTET = rb"(?:25[0-5]|2[0-4]\d|[01]?\d?\d)"
_IPV4 = re.compile(_OCTET + rb"(?:\." + _OCTET + rb"){3}")
_AT = re.compile(AT_SIGN.replace(b"(?i:at)", b"[aA][tT]"))
_PROGRAM_DOMAINS = frozenset({b"socket.io", b"asp.net", b"vb.net", b"ml.net"})
_GUID_CONTEXT = re.compile(
    rb"(?i)tenant|directory|\btid\b|\boid\b|orgid|object.?id|aad|entra|organi[sz]ation|microsoftonline|sts\.windows"
    rb"|graph\.microsoft\.com/\S*(?:users|groups)|userid|user|member|owner|principal|upn"
)
_SOURCE_FILE = re.compile(rb"(?i)\.(?:[cm]?[jt]sx?|vue|svelte|py|dll|html?|json|css|map|wasm|java|cs|rb|go)\Z")
_HEX = re.compile(rb"(?=.*\d)[0-9a-fA-F]{32,}")
_WORD = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]|\d+")
_ROUTE_AFTER = re.compile(rb"(?::\d+){1,2}\)?\Z")


def judge_secret(place: Place) -> bytes | None:
    """Keep the key's name, drop its value; keep values that say nothing."""
    found = _KEY_VALUE.fullmatch(place.text)
    if found is None or _HARMLESS.fullmatch(found[2]):
        return None
    return found[1] + b"[secret]"


def judge_bearer(place: Place) -> bytes | None:
    """Drop what follows the name of an authentication scheme, unless it is an ordinary word."""
    scheme, token = place.text.split(maxsplit=1)
    word = token.rstrip(b".:=").lower()
    if word in _WORDS_AFTER_SCHEME or token.lower().startswith(b"realm="):
        return None
    if scheme.lower() != b"bearer" and word.isalpha() and len(word) < 16:  # noqa: PLR2004 - "basic understanding"
        return None
    return scheme + b" [token]"


def judge_email(place: Place) -> bytes | None:
    """Drop addresses and UPNs; keep packages with a version and the frames of Firefox and Safari (`name@file.js`)."""
    found = list(_AT.finditer(place.text))[-1]
    domain = place.text[found.end() :]
    if b"." not in domain:
        if found[0][-1:] in b" )]}":  # `meet @ noon`, `error (at) line`
            return None
        return None if place.after[:1] in {b":", b"/"} or domain[:1].isdigit() else b"[email]"
    last = domain.rsplit(b".", 1)[-1]
    if last.isdigit():
        return b"[email]" if _is_ipv4(domain) and not place.after.startswith(b"/") else None
    if domain[:1].isdigit() and re.fullmatch(rb"\d+\.\d+[\w.-]*", domain):
        return None
    return None if place.after[:1] in {b":", b"/", b""} and _SOURCE_FILE.search(domain) else b"[email]"


def judge_guid(place: Place) -> bytes | None:
    """Drop a GUID that is known, or that the text before it calls a tenant's, a directory's or a person's."""
    if place.text.decode().upper() in place.known or _GUID_CONTEXT.search(place.before):
        return b"[tenant-id]"
    return None


def judge_ip(place: Place) -> bytes | None:
    """Drop IPv4 addresses, also with a fifth part; keep versions, object ids (they begin with 0 to 2) and loopback."""
    parts = place.text.split(b".")
    address = b".".join(parts[:4])
    if address in {b"127.0.0.1", b"0.0.0.0"} or not _is_ipv4(address):
        return None
    if len(parts) > 5 or (len(parts) == 5 and int(parts[0]) <= 2):  # noqa: PLR2004
        return None
    return None if _says_version(place.before) else b"[ip]"


def judge_dashes(place: Place) -> bytes | None:
    """Drop four small numbers with dashes between them, as hosts are named after addresses; keep dates and ranges."""
    return b"[ip]" if _is_ipv4(place.text.replace(b"-", b".")) else None


def judge_domain(place: Place) -> bytes | None:
    """Drop a domain, unless it is the name of a program."""
    return None if place.text.lower() in _PROGRAM_DOMAINS else b"[domain]"


def _says_version(before: bytes) -> bool:
    lowered = before.lower()
    word = lowered.rstrip(b"=: ")
    return lowered.endswith(_PROGRAMS) or (word.endswith(b"version") and len(word) < len(lowered))


def _is_ipv4(text: bytes) -> bool:
    return _IPV4.fullmatch(text) is not None


def judge_ipv6(place: Place) -> bytes | None:
    """Drop IPv6 addresses; keep `::1`, and `::` between the names of a program."""
    if place.before[-1:].isalnum() or place.after[:1].isalnum() or place.before[-1:] == b"_":
        return None
    for text in (place.text, place.text.rstrip(b".:")):
        try:
            address = ipaddress.IPv6Address(text.decode())
        except ValueError:
            continue
        return None if address.is_loopback or address.is_unspecified else b"[ip]"
    return None


def judge_card(place: Place) -> bytes | None:
    """Drop a run of digits in which a card number with right check digits begins and ends at its gaps."""
    groups = re.split(rb"[ -]", place.text)
    if len(groups) > 40:  # noqa: PLR2004 - no log line has so many; nothing is lost
        return b"[card]"
    for first in range(len(groups)):
        digits = b""
        for group in groups[first : first + 6]:
            digits += group
            if _CARD.fullmatch(digits) and _has_check_digit(digits):
                return b"[card]"
    return None


def _has_check_digit(digits: bytes) -> bool:
    total = 0
    for place, byte in enumerate(reversed(digits)):
        digit = byte - 48
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 - the sum of two digits
    return total % 10 == 0


def judge_iban(place: Place) -> bytes | None:
    """Drop account numbers whose check digits are right."""
    text = place.text.replace(b" ", b"").decode()
    number = "".join(str(int(letter, 36)) for letter in text[4:] + text[:4])
    return b"[iban]" if int(number) % 97 == 1 else None


def judge_phone(place: Place) -> bytes | None:
    """Drop telephone numbers of 8 to 15 digits."""
    digits = sum(48 <= byte <= 57 for byte in place.text)  # noqa: PLR2004 - ASCII digits
    return b"[phone]" if 8 <= digits <= 15 and not place.before[-1:].isdigit() else None  # noqa: PLR2004


def judge_home_folder(place: Place) -> bytes:
    """Keep the folder of homes, drop whose home it is."""
    text = place.text
    closing = text[-1:] if text[-1:] in {b"/", b"\\"} else b""
    opening = re.match(
        rb"(?is)((?:\\+|/|%5c|%2f)(?:export/|var/)?(?:home|homes|users|documents and settings)(?:\\+|/|%5c|%2f))", text
    )
    return (opening[1] if opening else b"/home/") + b"[user]" + closing


def judge_query(place: Place) -> bytes:
    """Drop a query string; keep the line and column that a stack frame has after it."""
    return b"?[query]" + route_after(place.text)


def route_after(text: bytes) -> bytes:
    """Return the `:line:column` at the end of a frame's address."""
    found = _ROUTE_AFTER.search(text[-20:])
    return found[0] if found else b""


def judge_user(place: Place) -> bytes:
    """Drop a quoted account name, such as SQL Server's `Login failed for user 'jdoe'`."""
    return re.split(rb"\\*['\"]", place.text, maxsplit=1)[0] + b"[user]"


def judge_key(place: Place) -> bytes | None:
    """Drop what begins like a well-known service's key and is as long as one."""
    return b"[key]" if len(place.text) >= 16 and any(48 <= byte <= 57 for byte in place.text) else None  # noqa: PLR2004


def judge_jwt(place: Place) -> bytes | None:
    """Drop tokens, cut ones too."""
    return b"[token]" if len(place.text) >= 16 else None  # noqa: PLR2004 - shorter is no header


# A character. Names that are joined to one have 0.14 to 0.26; of 64 random characters fewer come once in a million.
WORDS_OF_A_KEY = 0.27


def judge_random(place: Place) -> bytes | None:
    """Drop long runs of what would be very short words, were it joined names, as only keys and hashes are."""
    text = GUIDS.sub(b"", place.text[:256])  # those have a rule of their own
    if _HEX.fullmatch(text) or len(_WORD.findall(text)) > WORDS_OF_A_KEY * len(text):
        return b"[key]"
    return None


VERDICTS: dict[str, Verdict] = {
    "private-key": lambda _: b"[key]",
    "header": judge_secret,
    "secret": judge_secret,
    "bearer": judge_bearer,
    "jwt": judge_jwt,
    "key": judge_key,
    "email": judge_email,
    "guid": judge_guid,
    "tenant-domain": lambda _: b"[tenant-domain]",
    "ip": judge_ip,
    "mac": lambda _: b"[mac]",
    "ipv6": judge_ipv6,
    "ip-host": lambda _: b"[ip]",
    "ip-dashes": judge_dashes,
    "domain": judge_domain,
    "iban": judge_iban,
    "ssn": lambda _: b"[ssn]",
    "phone": judge_phone,
    "card": judge_card,
    "sid": lambda _: b"[sid]",
    "home-folder": judge_home_folder,
    "query": judge_query,
    "user": judge_user,
    "name": lambda place: place.text[:3] + b"[name]",
    "random": judge_random,
}
