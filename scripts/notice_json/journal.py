"""The journal of a sending: what a run that was killed need not send again.

Each batch that the server answered is one line, durable before the next batch goes out. It only saves work: the ids in
the records make a second sending harmless, and a run that goes on asks the server first whether it still has the last
batch. The time for lines that have none is kept here too, so that they are the same whenever they are sent again.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from scripts.notice_json.lines import Place

VERSION = 1


class JournalError(Exception):
    """The journal cannot be used."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that was not taken: its line, a code, the key, and the reason; holds nothing of the record."""

    line: int
    code: str
    key: str
    reason: str


@dataclass(slots=True)
class Tally:
    """What became of records."""

    accepted: int = 0
    duplicates: int = 0
    refused: list[Refused] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count another tally in."""
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.refused += other.refused

    @property
    def total(self) -> int:
        """All records."""
        return self.accepted + self.duplicates + len(self.refused)


@dataclass(frozen=True, slots=True)
class Mark:
    """A batch that was answered: the place after it, and what became of it."""

    place: Place
    tally: Tally


class Journal:
    """The journal file of one sending; one process at a time."""

    def __init__(self, path: Path, file_name: str, url: str, now: str) -> None:
        """Open or make the journal; `now` becomes the time of lines without one, unless it says an earlier.

        Raises:
            JournalError: another run uses it, or it cannot be written.
        """
        try:
            self._file = path.open("a+b")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise JournalError("another run is sending this file") from None
        except OSError as error:
            raise JournalError(
                f"the journal cannot be written ({error.strerror}); --state FILE names another"
            ) from None
        header, self.marks, is_complete = self._read()
        same_file = header.get("version") == VERSION and header.get("file") == file_name
        self.time: str = header["time"] if same_file else now
        self._header = {"version": VERSION, "file": file_name, "url": url, "time": self.time}
        if header != self._header or is_complete:
            self.restart()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def restart(self) -> None:
        """Forget what was sent, but not the time."""
        self.marks = []
        self._file.truncate(0)
        self._append(self._header)

    def add(self, mark: Mark) -> None:
        """Note a batch that was answered; durable on return."""
        self.marks.append(mark)
        self._append({"place": asdict(mark.place), "tally": asdict(mark.tally)})

    def finish(self) -> None:
        """Note that all was sent: the next run then starts over, and hears of duplicates from the server."""
        self._append({"complete": True})

    def tally(self) -> Tally:
        """Return what became of everything up to the last mark."""
        total = Tally()
        for mark in self.marks:
            total.add(mark.tally)
        return total

    def _append(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self) -> tuple[dict[str, Any], list[Mark], bool]:
        """Read what is whole, and cut off a line that a crash left unfinished."""
        self._file.seek(0)
        header: dict[str, Any] = {}
        marks: list[Mark] = []
        is_complete = False
        good = 0
        for line in self._file:
            try:
                entry = json.loads(line)
                if not line.endswith(b"\n"):
                    break
                if good == 0:
                    header = dict(entry)
                elif "complete" in entry:
                    is_complete = True
                else:
                    marks.append(_to_mark(entry))
            except (ValueError, KeyError, TypeError):
                break
            good += len(line)
        self._file.truncate(good)
        return header, marks, is_complete


def _to_mark(entry: dict[str, Any]) -> Mark:
    tally = entry["tally"]
    refused = [Refused(**each) for each in tally["refused"]]
    return Mark(Place(**entry["place"]), Tally(tally["accepted"], tally["duplicates"], refused))
