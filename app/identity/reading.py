"""Texts as a reader sees them, so that no disguise hides what they say.

Percent signs and entities are decoded, full-width letters, foreign digits, dots and apostrophes made plain, invisible
characters left out. Pure.
"""

import html
import unicodedata
from urllib.parse import unquote

DECODINGS_MAX = 3  # %2540 is an at sign that was encoded twice
_APOSTROPHES = "\u00b4`\u2018\u2019\u02bc\u2032"
_DOTS = "\u3002\u00b7\u30fb\u2027\u2219\u22c5\u2022\u0701\u0702\ua4f8\u16eb\u2e31\u2e33"
_PLAIN = str.maketrans({**dict.fromkeys(_APOSTROPHES, "'"), **dict.fromkeys(_DOTS, ".")})
_FILLERS = frozenset("\u115f\u1160")  # letters of the Hangul that nobody sees


def read_plainly(text: str) -> str:
    """Return the text as a reader sees it: decoded, in plain letters, digits and dots, with nothing invisible in it."""
    for _ in range(DECODINGS_MAX):
        text = html.unescape(unquote(text))
    folded = unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)
    return "".join(_plain_letter(letter) for letter in folded)


def is_visible(text: str) -> bool:
    """Return whether a reader finds a letter or a digit in the text: blanks and invisible characters say nothing."""
    folded = unicodedata.normalize("NFKC", text)
    return any(letter.isalnum() and letter not in _FILLERS for letter in folded)


def is_one_line(text: str) -> bool:
    """Return whether the text is free of control, format and line characters, which no device's name has."""
    return all(unicodedata.category(letter) not in {"Cc", "Cf", "Zl", "Zp"} for letter in text)


def _plain_letter(letter: str) -> str:
    category = unicodedata.category(letter)
    if category == "Nd":
        return str(unicodedata.decimal(letter))
    if category == "Cf":
        return ""
    return " " if category[0] == "Z" or category == "Cc" else letter
