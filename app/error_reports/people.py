"""About how many different people: HyperLogLog registers that grow with `$max`, so that no list of people is kept.

256 registers of 6 bits: a standard error of 6.5 %, nearly exact below 50. Twenty lines of our own, since the libraries
for it keep their registers in a blob that concurrent writers would overwrite; here each register is a field that
MongoDB raises by itself. No id comes back from a register, and none can be tried against it without the installation's
key: registers outlive an erased person, as long as their group has reports.
"""

import hashlib
import hmac
import math
from collections.abc import Mapping

from app.database.keyring import Keyring

PURPOSE = "counted people"
REGISTERS_BITS = 8
REGISTERS = 1 << REGISTERS_BITS
HASH_BITS = 64
_ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)  # Flajolet and others (2007), for 128 registers and more
_SMALL = 2.5 * REGISTERS


def hide_person(keyring: Keyring, person: str) -> str:
    """Return what stands for a person where people are counted; those counted before by their ids count once more."""
    return hmac.digest(keyring.derive(PURPOSE), person.encode(), hashlib.sha256).hex()


def register_of(group: str, hidden: str) -> tuple[str, int]:
    """Return which register a hidden person raises in a group, and to what; per group, so that none can be joined."""
    digest = hashlib.blake2b(f"{group}/{hidden}".encode(), digest_size=HASH_BITS // 8).digest()
    number = int.from_bytes(digest, "big")
    rest = number >> REGISTERS_BITS
    return str(number % REGISTERS), HASH_BITS - REGISTERS_BITS - rest.bit_length() + 1


def estimate(registers: Mapping[str, int]) -> int:
    """Return about how many different people raised these registers."""
    empty = REGISTERS - len(registers)
    raw = _ALPHA * REGISTERS**2 / (empty + sum(2.0**-rank for rank in registers.values()))
    if raw <= _SMALL and empty:
        raw = REGISTERS * math.log(REGISTERS / empty)
    return round(raw)
