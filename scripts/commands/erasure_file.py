"""The list of erasures as a file: one JSON a line, and a last line that tells how many there are.

Promises that a file holds a whole list or is refused: it is written beside its name and takes its place in one step, so
that a command that is killed leaves the older list, and a copy that was cut off on its way lacks the last line.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import orjson

from app.database.client import Document

COUNT = "erasuresInThisFile"
MOMENTS = ("erasedAt", "completedAt")


class ErasureFileError(Exception):
    """The file is no whole list of erasures; the text names it and says why."""


def save_erasures(path: Path, erasures: Sequence[Document]) -> None:
    """Write the list in place of what the file held; durable on return. Raises `OSError`, and then changes nothing."""
    path = path.resolve()
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(orjson.dumps(line) + b"\n" for line in (*erasures, {COUNT: len(erasures)}))
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)  # the new name is durable only with its folder
    os.close(folder)


def merge_erasures(listed: Sequence[Document], filed: Sequence[Document], *, alive_after: datetime) -> list[Document]:
    """Return the list, with what an older file of it knows besides that is still alive.

    A list that was lost, or restored from an older copy, must not empty the file that it is to be mended from.
    """
    merged = {erasure["_id"]: erasure for erasure in filed if erasure["erasedAt"] > alive_after}
    for erasure in listed:
        known = merged.get(erasure["_id"])
        if erasure["completedAt"] is not None or known is None or known["completedAt"] is None:
            merged[erasure["_id"]] = erasure
    return list(merged.values())


def load_erasures(path: Path) -> list[Document]:
    """Return the list in a file; raises `ErasureFileError` or `OSError`."""
    *lines, last = [line for line in path.read_bytes().splitlines() if line.strip()] or [b""]
    count = _count_in(last)
    if count is None and b'"erasedAt"' in last:
        how = f'look whether it is whole, and append {{"{COUNT}": {len(lines) + 1}}}'
        raise ErasureFileError(f"{path} is cut off, or saved by a version that told no number: {how}")
    if count != len(lines):
        held = "no last line that tells how many there are" if count is None else f"{len(lines)} of {count}"
        raise ErasureFileError(f"{path} is cut off or no list that --save has written: it holds {held}")
    try:
        return [_with_moments(orjson.loads(line)) for line in lines]
    except (ValueError, KeyError, TypeError):
        raise ErasureFileError(f"{path} is no list that --save has written") from None


def _count_in(line: bytes) -> int | None:
    try:
        told = orjson.loads(line)
    except ValueError:
        return None
    count = told.get(COUNT) if isinstance(told, dict) else None
    return count if isinstance(count, int) else None


def _with_moments(erasure: Document) -> Document:
    moments = {name: datetime.fromisoformat(erasure[name]) for name in MOMENTS if erasure[name]}
    return {**erasure, **moments}
