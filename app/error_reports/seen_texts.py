"""What became of short texts that were scrubbed last: in a storm of errors most reports repeat them.

Promises bounded memory, at most 6 MiB, and that no text of which something was removed is kept as it came: such a one
is known by Python's hash, whose key is random for each process. Only what comes out the same whatever ids are known may
be remembered; that is the caller's part.
"""

from collections.abc import Mapping

TEXTS_KEPT = 4_096
KEPT_LONGEST = 64
SCRUBBED_LONGEST = 256

# Texts of which nothing goes, such as "wifi".
KEPT: dict[str, None] = {}
# What others became, and how often which rule removed something.
SCRUBBED: dict[int, tuple[str, Mapping[str, int]]] = {}


def remember_kept(text: str) -> None:
    """Remember that nothing goes of a text, if it is short."""
    if len(text) > KEPT_LONGEST:
        return
    if len(KEPT) >= TEXTS_KEPT:
        KEPT.clear()
    KEPT[text] = None


def remember_scrubbed(text: str, scrubbed: str, removed: Mapping[str, int]) -> None:
    """Remember what became of a text, if it is short."""
    if len(text) > SCRUBBED_LONGEST:
        return
    if len(SCRUBBED) >= TEXTS_KEPT:
        SCRUBBED.clear()
    SCRUBBED[hash(text)] = scrubbed, removed
