"""The shapes of what is asked for: a shape that leaves no room for an identity is the surest check. Pure."""

from typing import Any

import re2

# BCP 47's language, script and region, also as systems write them (en_US), and the few variants that systems give out.
_LANGUAGE: Any = re2.compile(
    r"(?i)[a-z]{2,3}(?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|\d{3}))?(?:[-_](?:valencia|posix|tradnl|1901|1996))?"
)
_VERSION: Any = re2.compile(r"(?i)v?\d[0-9a-z.+_-]{0,63}(?: \([0-9a-z.]{1,16}\))?")
# The length apart: sixty-four times all letters of the world is a program that RE2 has no room to run fast.
_WORD: Any = re2.compile(r"[\pL\pN][\pL\pN +()&._/-]*")
WORD_MAX = 64


def is_language_tag(text: str) -> bool:
    """Return whether a text is a language tag such as EN-US, zh-Hant-TW or es-419."""
    return _LANGUAGE.fullmatch(text) is not None


def is_version(text: str) -> bool:
    """Return whether a text is a version such as 1.2, v2.0.0-beta.4 or 15.0 (19A346)."""
    return _VERSION.fullmatch(text) is not None


def is_word(text: str) -> bool:
    """Return whether a text is a word or a few, such as production or Microsoft 365 E3."""
    return len(text) <= WORD_MAX and _WORD.fullmatch(text) is not None
