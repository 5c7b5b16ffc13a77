"""Random parts of planted values."""

import random
import string

LETTERS = string.ascii_lowercase
ALNUM = string.ascii_letters + string.digits


def word(chance: random.Random, length: int = 9, letters: str = LETTERS) -> str:
    """Return a random word, long enough not to turn up by chance."""
    return "".join(chance.choice(letters) for _ in range(length))


def digits(chance: random.Random, length: int) -> str:
    """Return random digits, the first not 0."""
    return chance.choice("123456789") + word(chance, length - 1, string.digits)


def octets(chance: random.Random) -> str:
    """Return a random public IPv4 address."""
    return ".".join(str(chance.randint(11, 254)) for _ in range(4))


def guid(chance: random.Random) -> str:
    """Return a random GUID."""
    raw = word(chance, 32, string.hexdigits[:16])
    return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"


def segment(chance: random.Random, length: int = 40) -> str:
    """Return a part of a token."""
    return word(chance, length, ALNUM)
