"""The proof that restricted values may be opened; the vault opens none without it.

Promises that an `OpenAccess` is only made by `grant_access`, which only `app/support` imports (a rule test says so),
once the gate has decided and its receipts are durable. What the proof allows is left to the gate; the vault asks that
there is one.
"""

from dataclasses import KW_ONLY, dataclass, field

_MAKER = object()  # known to this module only: a constructor call elsewhere has nothing to show


@dataclass(frozen=True, slots=True)
class OpenAccess:
    """Who may open, about whom, and the sequences of the receipts that are written for it."""

    agent: str
    subjects: frozenset[str]
    receipts: tuple[int, ...]
    _: KW_ONLY
    maker: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse whoever is not `grant_access`."""
        if self.maker is not _MAKER:
            raise TypeError("an OpenAccess is made by grant_access only")


def grant_access(agent: str, subjects: frozenset[str], receipts: tuple[int, ...]) -> OpenAccess:
    """Return the proof for an agent; to be called by the gate in `app/support` only, after the receipts are durable.

    Raises:
        ValueError: there is no receipt: no receipt, no value.
    """
    if not receipts:
        raise ValueError("access needs at least one durable receipt")
    return OpenAccess(agent, subjects, receipts, maker=_MAKER)
