"""More than 200 kinds of personal values and secrets, each made anew at random: the text, and the part that must be gone.

A kind is a form in which such values really come: an address in a header, a key in JSON, a home folder in a trace.
"""

import base64
import random
import string
from collections.abc import Callable
from functools import partial

from tests.app.error_reports.chances import ALNUM, digits, guid, octets, segment, word

Planted = tuple[str, str]  # the text, and the secret part of it
Kind = Callable[[random.Random], Planted]
KINDS: dict[str, Kind] = {}


def add(name: str, template: str, make: Callable[[random.Random], str]) -> None:
    """Add a kind whose secret stands in place of `{}` in a text."""

    def kind(chance: random.Random) -> Planted:
        secret = make(chance)
        return template.replace("{}", secret), secret

    KINDS[name] = kind


def _email(chance: random.Random) -> str:
    return f"{word(chance)}@{word(chance)}.com"


def _add_addresses() -> None:
    for number, template in enumerate(
        [
            "{}",
            "<{}>",
            "mailto:{}",
            "user {} failed",
            '"{}"',
            "[{}]",
            "to={}",
            "({})",
            "{}:",
            "for {}, again",
            "'{}'",
            "{}.",
        ]
    ):
        add(f"email {number}", template, _email)
    makers: dict[str, Callable[[random.Random], str]] = {
        "tagged": lambda c: f"{word(c)}+{word(c)}@{word(c)}.org",
        "dotted": lambda c: f"{word(c)}.{word(c)}@{word(c)}.{word(c)}.co.uk",
        "upper": lambda c: _email(c).upper(),
        "encoded": lambda c: f"{word(c)}%40{word(c)}.com",
        "guest UPN": lambda c: f"{word(c)}_{word(c)}.com#EXT#@{word(c)}.onmicrosoft.com",
        "UPN": lambda c: f"{word(c)}@{word(c)}.onmicrosoft.com",
        "umlaut": lambda c: f"{word(c)}@b\u00fccher{word(c)}.de",
        "full-width": lambda c: f"{word(c)}\uff20{word(c)}.com",
        "host only": lambda c: f"{word(c)}@{word(c)}",
        "tenant domain": lambda c: f"{word(c)}.onmicrosoft.com",
        "tenant site": lambda c: f"{word(c)}.sharepoint.com",
    }
    for name, make in makers.items():
        add(f"email {name}", "{}", make)


def _add_networks() -> None:
    for number, template in enumerate(
        [
            "{}",
            "from {}",
            "{}:443",
            "[{}]",
            "http://{}/",
            "({})",
            "{}/24",
            "ip={}",
            '"{}"',
            "client {} closed",
            "//{}:80/x",
        ]
    ):
        add(f"IPv4 {number}", template, octets)
    add("IPv4 in a host name", "ip-{}.ec2.internal", lambda c: octets(c).replace(".", "-"))
    hextet: Callable[[random.Random], str] = lambda c: f"{c.randint(4096, 65535):x}"  # noqa: E731 - used once
    forms: dict[str, Callable[[random.Random], str]] = {
        "full": lambda c: ":".join(hextet(c) for _ in range(8)),
        "short": lambda c: f"2001:db8::{hextet(c)}:{hextet(c)}",
        "zone": lambda c: f"fe80::{hextet(c)}:{hextet(c)}%eth0",
        "mapped": lambda c: f"::ffff:{octets(c)}",
        "upper": lambda c: f"2001:DB8::{hextet(c)}:{hextet(c)}".upper(),
    }
    for name, make in forms.items():
        add(f"IPv6 {name}", "{}", make)
        add(f"IPv6 {name} in brackets", "[{}]:443", make)
    add("MAC", "{}", lambda c: ":".join(word(c, 2, "0123456789ABCDEF") for _ in range(6)))
    add("MAC with dashes", "{}", lambda c: "-".join(word(c, 2, "0123456789ABCDEF") for _ in range(6)))
    add("SID", "{}", lambda c: f"S-1-5-21-{digits(c, 9)}-{digits(c, 9)}-{digits(c, 9)}-1001")


def _add_tokens() -> None:
    jwt: Callable[[random.Random], str] = lambda c: f"eyJ{segment(c)}.eyJ{segment(c)}.{segment(c)}"  # noqa: E731
    basic: Callable[[random.Random], str] = lambda c: base64.b64encode(f"{word(c)}:{word(c)}".encode()).decode()  # noqa: E731
    for number, template in enumerate(
        ["{}", "token {}", "Bearer {}", "got {}, expired", '"{}"', "id_token={}", "/cb#{}"]
    ):
        add(f"JWT {number}", template, jwt)
    add("JWT cut", "{}", lambda c: f"eyJ{segment(c)}")
    add("JWE", "{}", lambda c: ".".join([f"eyJ{segment(c)}", *(segment(c, 20) for _ in range(4))]))
    for scheme, make in {
        "Bearer": segment,
        "bearer": segment,
        "BEARER": segment,
        "Basic": basic,
        "Negotiate": segment,
    }.items():
        add(f"{scheme} credentials", f"{scheme} {{}}", make)
        add(f"{scheme} header", f"Authorization: {scheme} {{}}", make)
        add(f"{scheme} in JSON", f'{{"Authorization": "{scheme} {{}}"}}', make)
    add("cookie", "Cookie: theme=dark; sid={}", segment)
    add("set-cookie", "Set-Cookie: sid={}; HttpOnly", segment)
    prefixes = [
        "AKIA",
        "ASIA",
        "ghp_",
        "gho_",
        "ghs_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "xoxp-",
        "xapp-",
        "AIza",
        "ya29.",
        "sk_live_",
        "rk_live_",
        "pk_test_",
        "whsec_",
        "npm_",
        "pypi-",
        "sk-",
        "hf_",
        "dop_v1_",
        "shpat_",
    ]
    for prefix in prefixes:
        letters = string.ascii_uppercase + string.digits if prefix in {"AKIA", "ASIA"} else ALNUM
        length = 16 if letters != ALNUM else 30
        add(f"key {prefix}", f"{prefix}{{}}", partial(_key, length=length, letters=letters))
    add("SendGrid key", "SG.{}", lambda c: f"{segment(c, 22)}1.{segment(c, 43)}")
    add("Azure client secret", "{}", lambda c: f"{word(c, 3, ALNUM)}8Q~{segment(c, 34)}")
    add("hexadecimal key", "{}", lambda c: word(c, 40, string.hexdigits[:16]))
    add("base64 key", "{}", lambda c: base64.b64encode(c.randbytes(48)).decode().replace("+", "A").replace("/", "B"))
    for kind in ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"):
        add(f"PEM {kind}", f"-----BEGIN {kind}-----\n{{}}\n-----END {kind}-----", lambda c: segment(c, 64))


def _add_named_secrets() -> None:
    forms = ["{name}={}", "{name}: {}", '"{name}": "{}"', "'{name}': '{}'", "{name} = '{}'", '\\"{name}\\":\\"{}\\"']
    names = [
        "password",
        "Password",
        "passwd",
        "pwd",
        "secret",
        "client_secret",
        "clientSecret",
        "api_key",
        "apiKey",
        "access_token",
        "refreshToken",
        "accountKey",
        "privateKey",
        "credential",
        "passphrase",
        "upn",
        "userPrincipalName",
        "email",
        "displayName",
        "username",
        "sig",
        "otp",
        "tenantId",
        "oid",
        "session_id",
    ]
    for number, name in enumerate(names):
        for form in (forms[number % len(forms)], forms[(number + 3) % len(forms)]):
            add(f"{name} as {form}", form.replace("{name}", name), lambda c: word(c, 12, ALNUM + "#!.-"))
    add("connection string", "Server=db;User Id=x;Password={};Encrypt=true", lambda c: word(c, 12, ALNUM))
    add("storage connection", "DefaultEndpointsProtocol=https;AccountKey={}==;EndpointSuffix=x", segment)
    for subject in ("user", "login", "account", "principal"):
        add(f"quoted {subject}", f"failed for {subject} '{{}}'", lambda c: f"{word(c).upper()}\\{word(c)}")
    add("common name", "subject CN={},OU=Sales", lambda c: f"{word(c).title()} {word(c).title()}")
    for scheme in ("https", "http", "ftp", "redis", "mongodb", "amqp", "postgres", "jdbc:mysql"):
        add(f"credentials {scheme}", f"{scheme}://{{}}@host:1/x", lambda c: f"{word(c)}:{word(c)}")
    for number, template in enumerate(
        [
            "https://h.com/a?{}",
            "/api/x?{}",
            "GET /x?{} 404",
            "https://h.com/a#{}",
            "at f (https://h.com/a.js?{}:1:2)",
            "x/y?{}",
        ]
    ):
        add(f"query {number}", template, lambda c: f"name={word(c)}&id={word(c)}")


def _add_folders() -> None:
    windows = ["C:\\Users\\{}\\x", "c:/Users/{}/x", "C:\\\\Users\\\\{}\\\\x", "\\\\server\\Users\\{}\\x",
               "C:\\Documents and Settings\\{}\\x", 'File "C:\\Users\\{}\\x.py", line 1', "file:///C:/Users/{}/x.js:1:2"]  # fmt: skip
    unix = ["/home/{}/x", "/Users/{}/x", "/export/home/{}/x", "file:///home/{}/x.js", 'File "/home/{}/x.py", line 1',
            "/home/{}", "at f (/Users/{}/app/x.js:1:2)", "%2Fhome%2F{}%2Fx"]  # fmt: skip
    for number, template in enumerate(windows + unix):
        add(f"folder {number}", template, word)
    add("folder with a blank", "C:\\Users\\{}\\x", lambda c: f"{word(c).title()} {word(c).title()}")


def _luhn(number: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return f"{number}{-total % 10}"


def _grouped(number: str, gap: str) -> str:
    return gap.join(number[start : start + 4] for start in range(0, len(number), 4))


def _key(chance: random.Random, length: int, letters: str) -> str:
    return f"{word(chance, length - 2, letters)}{digits(chance, 2)}"


def _card(chance: random.Random, start: str, length: int, gap: str) -> str:
    return _grouped(_luhn(start + word(chance, length - 1 - len(start), string.digits)), gap)


def _iban(chance: random.Random, country: str, length: int, gap: str = "") -> str:
    account = digits(chance, length)
    check = 98 - int("".join(str(int(letter, 36)) for letter in f"{account}{country}00")) % 97
    return _grouped(f"{country}{check:02}{account}", gap)


def _add_numbers() -> None:
    for brand, start, length in (
        ("Visa", "4", 16),
        ("Mastercard", "53", 16),
        ("Amex", "37", 15),
        ("Discover", "6011", 16),
    ):
        for gap in ("", " ", "-"):
            add(
                f"card {brand} with {gap!r}",
                "paid by {} today",
                partial(_card, start=start, length=length, gap=gap),
            )
    for country, length in (("DE", 18), ("AT", 16), ("FR", 23), ("ES", 20), ("CH", 17), ("PL", 24)):
        add(f"IBAN {country}", "{}", partial(_iban, country=country, length=length))
        add(f"IBAN {country} in fours", "account {}", partial(_iban, country=country, length=length, gap=" "))
    add("phone", "call {}", lambda c: f"+43 {digits(c, 3)} {digits(c, 7)}")
    add("phone plain", "{}", lambda c: f"+{digits(c, 12)}")
    add("phone American", "{}", lambda c: f"({digits(c, 3)}) {digits(c, 3)}-{digits(c, 4)}")
    add("phone with dashes", "{}", lambda c: f"{digits(c, 3)}-{digits(c, 3)}-{digits(c, 4)}")
    add("social security number", "SSN {}", lambda c: f"{digits(c, 3)}-{digits(c, 2)}-{digits(c, 4)}")
    for number, template in enumerate(
        [
            "tenant {}",
            "tid:{}",
            "https://login.microsoftonline.com/{}/x",
            "user {}",
            "8:orgid:{}",
            "object id {}",
            "directory {}",
        ]
    ):
        add(f"id in words {number}", template, guid)


_add_addresses()
_add_networks()
_add_tokens()
_add_named_secrets()
_add_folders()
_add_numbers()
