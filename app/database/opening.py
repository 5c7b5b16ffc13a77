"""Opens many sealed values in one go: libmongocrypt opens all that stand in one document, as it does for query results.

PyMongo's client encryption opens one value a call, 30 to 100 µs of Python each; a document of 6 takes as long as one.
The parts used here are the bindings' own (pymongocrypt), reached through a private attribute of PyMongo's class. What
does not go well in one (a key that is gone, a damaged value, other versions of these parts) gives None: then the caller
opens value by value, which tells them apart. Accept fast, explain slowly.
"""

from collections.abc import Sequence
from typing import Any

from bson import Binary, decode, encode
from pymongocrypt.asynchronous.state_machine import run_state_machine as run_async
from pymongocrypt.synchronous.state_machine import run_state_machine


def open_together(crypt: Any, values: Sequence[Binary]) -> list[Any] | None:  # noqa: ANN401 - PyMongo's class is generic
    """Return what was sealed, in order; None where that must be found out value by value."""
    try:
        inner = crypt._encryption  # noqa: SLF001 - see above
        with inner.mongocrypt.decryption_context(_to_document(values)) as context:
            return _to_values(run_state_machine(context, inner.callback), len(values))
    except Exception:  # noqa: BLE001 - whatever it is, the slow way meets it again and raises it
        return None


async def open_together_async(crypt: Any, values: Sequence[Binary]) -> list[Any] | None:  # noqa: ANN401
    """Do the same with PyMongo's async class."""
    try:
        inner = crypt._encryption  # noqa: SLF001 - see above
        with inner.mongocrypt.decryption_context(_to_document(values)) as context:
            return _to_values(await run_async(context, inner.callback), len(values))
    except Exception:  # noqa: BLE001 - whatever it is, the slow way meets it again and raises it
        return None


def _to_document(values: Sequence[Binary]) -> bytes:
    return encode({str(place): value for place, value in enumerate(values)})


def _to_values(document: bytes, count: int) -> list[Any] | None:
    opened = decode(document)
    values = [opened[str(place)] for place in range(count)]
    # A value that was left as it is was not opened.
    return None if any(isinstance(value, Binary) and value.subtype == SEALED_SUBTYPE for value in values) else values


SEALED_SUBTYPE = 6
