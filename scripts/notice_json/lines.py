"""Reads a file piece by piece: a piece is a line, or an example of the notice that spans several.

Promises for each piece its line number, and after it the place in the file and the digest of everything up to there, by
which a later run knows that what it skips is what was sent. A line may be of any length without filling the memory.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PIECE_MAX_BYTES = 256 * 1024  # six events of the 32 KiB that the API takes, and room
READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file was read: bytes, lines, and the SHA-256 of these bytes."""

    offset: int = 0
    line: int = 0
    digest: str = hashlib.sha256().hexdigest()


@dataclass(frozen=True, slots=True)
class Piece:
    """One line, or one block of the notice's notation; `text` is None where it is too long."""

    line: int
    text: bytes | None
    is_block: bool = False


class PieceReader:
    """Reads the pieces of one file in order."""

    def __init__(self, path: Path) -> None:
        """Open the file; raises `OSError`."""
        self._file = path.open("rb")
        self._hash = hashlib.sha256()
        self._offset = 0
        self._line = 0
        self._ahead: bytes | None = None  # a line that was looked at and belongs to the next piece

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def place(self) -> Place:
        """The place after the last piece."""
        return Place(self._offset, self._line, self._hash.hexdigest())

    def skip_to(self, place: Place) -> bool:
        """Go on after a place of an earlier run; returns whether the file begins with the same bytes as then."""
        while self._offset < place.offset:
            chunk = self._file.read(min(READ_BYTES, place.offset - self._offset))
            if not chunk:
                return False
            self._count(chunk, lines=0)
        self._line = place.line
        return self.place == place

    def pieces(self) -> Iterator[Piece]:
        """Give the pieces that are left, without blank lines."""
        while line := self._next_line():
            number = self._line + 1
            self._count(line)
            if len(line) > PIECE_MAX_BYTES:
                self._drain(line)
                yield Piece(number, None)
            elif line.strip() == b"{":
                yield self._read_block(number, line)
            elif stripped := line.removeprefix(b"\xef\xbb\xbf").strip():
                yield Piece(number, stripped)

    def _next_line(self) -> bytes:
        line, self._ahead = self._ahead, None
        return self._file.readline(PIECE_MAX_BYTES + 1) if line is None else line

    def _count(self, content: bytes, lines: int = 1) -> None:
        self._hash.update(content)
        self._offset += len(content)
        self._line += lines

    def _drain(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._file.readline(READ_BYTES)
            self._count(line, lines=0)

    def _read_block(self, number: int, first: bytes) -> Piece:
        """Read up to the closing brace at the left margin; a new record at the margin ends a block that has none."""
        lines = [first]
        size = len(first)
        while line := self._next_line():
            if line.startswith(b"{") or size + len(line) > PIECE_MAX_BYTES:
                self._ahead = line
                break
            self._count(line)
            lines.append(line)
            size += len(line)
            if line.rstrip() == b"}":
                break
        return Piece(number, b"".join(lines), is_block=True)
