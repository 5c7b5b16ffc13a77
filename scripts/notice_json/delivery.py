"""One run over one file: goes on where the last run came to, batch by batch, each noted when the server has it.

The journal is believed only after the server has confirmed its last batch; otherwise all of the file is sent again,
which the ids make harmless.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.notice_json.journal import Journal, Mark, Refused, Tally
from scripts.notice_json.lines import Piece, PieceReader, Place
from scripts.notice_json.records import Defaults, MalformedError, Record, read_records
from scripts.notice_json.sending import Sender

BATCH_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file on its way to one server; `moved` hears how far it is."""

    path: Path
    company_id: str | None
    batch: int
    journal: Journal
    sender: Sender
    moved: Callable[[Place], None]

    def run(self) -> Tally:
        """Send what is left of the file; returns what became of all of it. Raises `ServerError`."""
        reader = self._resume()
        with reader:
            self.moved(reader.place)
            pieces = reader.pieces()
            while batch := self._read_batch(reader, pieces):
                tally = self._send(batch)
                self.journal.add(Mark(reader.place, tally))
                self.moved(reader.place)
        total = self.journal.tally()
        self.journal.finish()
        return total

    def _resume(self) -> PieceReader:
        """Return a reader after what was sent before, if file and server both still have it; else at the beginning."""
        reader = PieceReader(self.path)
        marks = self.journal.marks
        if not marks:
            return reader
        before = marks[-2].place if len(marks) > 1 else Place()
        if reader.skip_to(before):
            last = list(_until(reader, marks[-1].place))
            if reader.place == marks[-1].place and self._is_known(last):
                return reader
        reader.close()
        self.journal.restart()
        return PieceReader(self.path)

    def _is_known(self, pieces: list[Piece]) -> bool:
        tally = self._send(pieces)
        return tally.accepted == 0 and tally.duplicates > 0

    def _read_batch(self, reader: PieceReader, pieces: Iterator[Piece]) -> list[Piece]:
        batch: list[Piece] = []
        start = reader.place.offset
        while len(batch) < self.batch and reader.place.offset - start < BATCH_MAX_BYTES:
            piece = next(pieces, None)
            if piece is None:
                break
            batch.append(piece)
        return batch

    def _send(self, pieces: list[Piece]) -> Tally:
        tally = Tally()
        records: list[Record] = []
        defaults = Defaults(self.journal.time, self.company_id)
        for piece in pieces:
            for read in read_records(piece, defaults):
                if isinstance(read, MalformedError):
                    tally.refused.append(Refused(piece.line, "MALFORMED", read.key, f"expected {read.expected}"))
                else:
                    records.append(read)
        tally.add(self.sender.send(records))
        tally.refused.sort(key=lambda refused: refused.line)
        return tally


def _until(reader: PieceReader, place: Place) -> Iterator[Piece]:
    """Give the pieces up to a place."""
    pieces = reader.pieces()
    while reader.place.offset < place.offset:
        piece = next(pieces, None)
        if piece is None:
            return
        yield piece
