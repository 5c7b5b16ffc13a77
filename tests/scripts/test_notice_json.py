"""Reading the notice's JSON: pieces of a file, its two notations, ids and times that stay the same."""

from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.notice_json.journal import Journal, JournalError, Mark, Tally
from scripts.notice_json.lines import PIECE_MAX_BYTES, Piece, PieceReader, Place
from scripts.notice_json.notation import NotationError, read_json, read_notice_notation
from scripts.notice_json.records import Defaults, MalformedError, Record, read_records

DEFAULTS = Defaults("2026-01-31T12:00:00Z")
TWO = b'{"request_approved": {"request_id": "a"}, "request_error": {"request_id": "a"}}'


def pieces_of(path: Path) -> list[Piece]:
    """Return all pieces of a file."""
    with PieceReader(path) as reader:
        return list(reader.pieces())


def test_pieces_keep_their_line_numbers(tmp_path: Path) -> None:
    """Blank lines count, blocks span lines, a long line is one piece, and a block without an end ends at a record."""
    path = tmp_path / "file"
    long = b'"' + b"x" * (3 * PIECE_MAX_BYTES) + b'"'
    path.write_bytes(b"\xef\xbb\xbf1\r\n\n{\n  a: 1\n}\n" + long + b'\n{\n  b: 1\n{"c": 1}\n9')
    pieces = pieces_of(path)
    assert [(piece.line, piece.is_block) for piece in pieces] == [
        (1, False), (3, True), (6, False), (7, True), (9, False), (10, False)
    ]  # fmt: skip
    assert pieces[2].text is None
    assert [pieces[0].text, pieces[4].text, pieces[5].text] == [b"1", b'{"c": 1}', b"9"]


@given(st.lists(st.sampled_from([b"{}", b"", b"{", b"}", b"  x", b"{1"]), max_size=30), st.integers(0, 30))
def test_reading_goes_on_at_any_place(lines: list[bytes], cut: int) -> None:
    """A second reader that starts at a place gives the rest of the pieces and the same end."""
    with NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_bytes(b"\n".join(lines))
        check_going_on(path, cut)


def check_going_on(path: Path, cut: int) -> None:
    """Read some pieces with one reader and the rest with another."""
    with PieceReader(path) as whole, PieceReader(path) as rest:
        pieces = whole.pieces()
        taken = list(islice(pieces, cut))
        assert rest.skip_to(whole.place)
        assert taken + list(rest.pieces()) == pieces_of(path)
        list(pieces)
        assert rest.place == whole.place
        assert whole.place.offset == path.stat().st_size


def test_other_beginning_is_noticed(tmp_path: Path) -> None:
    """A place is not found again in a file whose beginning has changed, or that is shorter."""
    path = tmp_path / "file"
    path.write_bytes(b"1\n2\n")
    with PieceReader(path) as reader:
        next(reader.pieces())
        place = reader.place
    path.write_bytes(b"3\n2\n")
    with PieceReader(path) as reader:
        assert not reader.skip_to(place)
    with PieceReader(path) as reader:
        assert not reader.skip_to(Place(99, 9, place.digest))


@pytest.mark.parametrize(
    "text", ["", "{", "{a: }", "{a 1}", "{a: 1} {", "{a: 1, a: 2}", "[1]", "{a: 'x}", "{a: b}", "}"]
)
def test_neither_notation_takes_less_than_an_object(text: str) -> None:
    """What is torn or ambiguous is refused in both notations."""
    with pytest.raises(NotationError):
        read_notice_notation(text)
    with pytest.raises(NotationError):
        read_json(text)


def test_notice_notation_reads_what_the_notice_prints() -> None:
    """Bare keys, single quotes, comments, a forgotten comma, a comma too many."""
    text = "{ a: 'it\\'s', // no: 'comment'\n \"b\": '' // c: 1\n c: {d: -1.5, e: false,}, f: null }"
    assert read_notice_notation(text) == {"a": "it's", "b": "", "c": {"d": -1.5, "e": False}, "f": None}


def read(text: bytes, line: int = 1) -> list[Record | MalformedError]:
    """Return what a line holds."""
    return read_records(Piece(line, text), DEFAULTS)


def ids_of(records: list[Record | MalformedError]) -> list[str]:
    """Return the event ids of records."""
    return [next(iter(record.item.values()))["eventId"] for record in records if isinstance(record, Record)]


def test_ids_follow_from_content_and_place() -> None:
    """Without an id: the same line at the same place has the same ids, elsewhere others, each record its own."""
    assert ids_of(read(TWO)) == ids_of(read(TWO))
    assert len({*ids_of(read(TWO)), *ids_of(read(TWO, line=2))}) == 4
    assert ids_of(read(b'{"id": "x", ' + TWO[1:])) == ["x/request_approved", "x/request_error"]
    assert ids_of(read(b'{"id": 7, "request_error": {"request_id": "a"}}')) == ["7"]


def test_one_bad_record_of_a_line_costs_only_itself() -> None:
    """Of several records in a line the good ones are read."""
    good, bad = read(b'{"request_approved": {"request_id": "a"}, "request_error": {}}')
    assert isinstance(good, Record)
    assert isinstance(bad, MalformedError)
    assert bad.key == "request_error.request_id"


def test_only_counts_become_numbers() -> None:
    """A team that is called 2024 keeps its name."""
    (record,) = read(
        b'{"request_created": {"request_id": "a", "team_name": "2024", "request_additionalMembers": "5",'
        b' "request_additionalOwners": 3, "template_id": "1", "template_name": "7"}}'
    )
    assert isinstance(record, Record)
    created = record.item["requestCreated"]
    assert (created["teamName"], created["additionalMembers"], created["templateName"]) == ("2024", 5, "7")


def test_journal_survives_a_torn_line(tmp_path: Path) -> None:
    """What a crash left unfinished is cut off; what is whole counts, and the file's time stays."""
    path = tmp_path / "journal"
    with Journal(path, "f", "u", "t1") as journal:
        journal.add(Mark(Place(5, 1, "d"), Tally(1, 0)))
        with pytest.raises(JournalError):
            Journal(path, "f", "u", "t2")
    with path.open("ab") as file:
        file.write(b'{"place": {"off')
    with Journal(path, "f", "u", "t2") as journal:
        assert (journal.time, journal.tally().accepted) == ("t1", 1)
        journal.add(Mark(Place(9, 2, "e"), Tally(1, 0)))
    with Journal(path, "f", "other", "t3") as journal:
        assert (journal.time, journal.marks) == ("t1", [])
