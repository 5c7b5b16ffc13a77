"""The advisories of 2024 to 2026 for what the edge stands on, each with the class of bug that it belongs to.

From OSV, the GitHub advisory database and the projects' release notes, as known in November 2026. `fixed` is a
good version that they name; None where none is known. `test_advisories.py` has a test for each class.
"""

from typing import NamedTuple


class Advisory(NamedTuple):
    """One advisory: where, what, since when it is mended, and its class of bug."""

    identity: str
    package: str
    summary: str
    fixed: str | None
    kind: str


ADVISORIES = [
    Advisory(
        "CVE-2024-47082",
        "strawberry-graphql",
        "multipart bodies on by default: forged by other sites",
        "0.243.0",
        "forms",
    ),
    Advisory(
        "CVE-2025-22151",
        "strawberry-graphql",
        "global node field answers with another type",
        "0.257.0",
        "type confusion",
    ),
    Advisory(
        "CVE-2026-35523",
        "strawberry-graphql",
        "legacy graphql-ws runs before connection_init",
        "0.312.3",
        "socket handshake",
    ),
    Advisory(
        "CVE-2026-35526", "strawberry-graphql", "unbounded subscriptions on one socket", "0.312.3", "socket bounds"
    ),
    Advisory(
        "CVE-2026-107727", "strawberry-graphql", "completed subscriptions keep their slots", "0.327.2", "socket bounds"
    ),
    Advisory(
        "CVE-2026-45739",
        "strawberry-graphql",
        "GraphiQL writes headers into the address",
        "0.315.4",
        "token in address",
    ),
    Advisory("CVE-2026-47706", "strawberry-graphql", "depth limiter recurses for ever on circles", "0.315.7", "bombs"),
    Advisory("CVE-2026-47707", "strawberry-graphql", "alias limiter does not spread fragments", "0.315.7", "bombs"),
    Advisory("CVE-2026-75507", "graphql-core", "field merging quadratic in inline fragments", "3.3.0rc1", "bombs"),
    Advisory("CVE-2026-75508", "graphql-core", "comments are not counted as tokens", "3.3.0rc1", "bombs"),
    Advisory("3.3.2 (1)", "graphql-core", "introspection depth rule exponential in fragments", "3.3.2", "bombs"),
    Advisory("3.3.2 (2)", "graphql-core", "fragments walked again for each operation", "3.3.2", "bombs"),
    Advisory("3.3.2 (3)", "graphql-core", "budget of field merging misses some of its work", "3.3.2", "bombs"),
    Advisory("3.3.2 (4)", "graphql-core", "tokens checked only after a whole run of comments", "3.3.2", "bombs"),
    Advisory("CVE-2024-47874", "starlette", "form fields without a limit", "0.40.0", "forms"),
    Advisory("CVE-2025-54121", "starlette", "large files in forms block the loop", "0.47.2", "forms"),
    Advisory("CVE-2026-54283", "starlette", "form limits ignored for urlencoded bodies", "1.3.1", "forms"),
    Advisory("CVE-2025-62727", "starlette", "Range header in quadratic time", "0.49.1", "ranges"),
    Advisory("CVE-2026-48710", "starlette", "Host header poisons request.url.path", "1.0.1", "poisoned url"),
    Advisory("PYSEC-2026-248", "starlette", "path moves the host of request.url", "1.3.0", "poisoned url"),
    Advisory("CVE-2024-53861", "PyJWT", "issuer compared in part", "2.10.1", "issuer"),
    Advisory("CVE-2025-45768", "PyJWT", "weak keys accepted (disputed)", None, "confusion"),
    Advisory("CVE-2026-32597", "PyJWT", "unknown crit headers accepted", "2.12.0", "headers"),
    Advisory("CVE-2026-48522", "PyJWT", "key sets fetched from any scheme", "2.13.0", "key fetching"),
    Advisory("CVE-2026-48523", "PyJWT", "allow-list bypassed by a key's own algorithm", "2.13.0", "confusion"),
    Advisory("CVE-2026-48524", "PyJWT", "a fetch for each unknown key id", "2.13.0", "key fetching"),
    Advisory("CVE-2026-48525", "PyJWT", "detached payloads decoded before they are checked", "2.13.0", "headers"),
    Advisory("CVE-2026-48526", "PyJWT", "public JWK accepted as HMAC secret", "2.13.0", "confusion"),
    Advisory("CVE-2026-101917", "PyJWT", "in PyJWKClient, which is not used here", "2.15.1", "key fetching"),
    Advisory(
        "CVE-2026-101918", "PyJWT", "decoding with signature checks off, which is not done here", "2.15.0", "headers"
    ),
    Advisory("CVE-2026-102266", "PyJWT", "empty HMAC key in a JWK", "2.15.1", "confusion"),
    Advisory("CVE-2026-102267", "PyJWT", "redirects followed when fetching keys", "2.14.0", "key fetching"),
    Advisory("CVE-2026-102268", "PyJWT", "public PEM with other white space as HMAC secret", "2.15.1", "confusion"),
    Advisory("CVE-2026-102269", "PyJWT", "signatures with more than one spelling", "2.14.0", "spelling"),
    Advisory("CVE-2026-102270", "PyJWT", "non-canonical spellings, beside 102269", "2.15.1", "spelling"),
    Advisory("CVE-2026-102271", "PyJWT", "HMAC key guard passed by other forms of a public key", "2.15.1", "confusion"),
    Advisory("CVE-2026-102272", "PyJWT", "HMAC key guard passed by other forms of a public key", None, "confusion"),
    Advisory("CVE-2026-102273", "PyJWT", "HMAC secrets that are keys, nested in JSON", "2.14.0", "confusion"),
    Advisory("CVE-2026-102274", "PyJWT", "one malformed key spoils a set", "2.14.0", "key fetching"),
    Advisory("CVE-2026-102275", "PyJWT", "private JWK whose halves do not match", "2.15.0", "key fetching"),
]
