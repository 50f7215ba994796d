"""The first rows of a file, cell by cell: what is shown is what stands there, and what cannot be seen has a mark."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports import looking
from exports.models import ExportFile, SavedSegment
from exports.rows import of
from tests.exports import hostile, looked

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def text(cell: looking.Cell) -> str:
    return "".join(piece.text for piece in cell.pieces)


@QUICK
@given(
    st.one_of(hostile.tables(), hostile.tables(width=1)),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.lists(st.integers(1, 40), max_size=3),
)
def test_the_first_rows_are_those_of_the_file(
    monkeypatch: pytest.MonkeyPatch, table: list[list[str]], end: str, is_quoted: bool, sizes: list[int]
) -> None:
    data = hostile.written(table, end=end, quotes_all=is_quoted, bom=True)
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    monkeypatch.setattr("exports.files.content", lambda file: iter(hostile.cut(data, sizes)))
    file = ExportFile(header=table[0], row_count=len(table) - 1)
    assert looking.first(file) == read[1:] == table[1:]


@given(hostile.TEXT)
def test_nothing_unseen_is_left_in_what_is_shown(cell: str) -> None:
    pieces = looking.cell(cell).pieces
    assert not any(looking.is_unseen(letter) for piece in pieces for letter in piece.text)
    assert "".join(p.text for p in pieces if not p.is_mark) == "".join(
        letter for letter in cell.strip(" ")[:200] if not looking.is_unseen(letter)
    )
    assert any(p.is_mark for p in pieces) == (cell != cell.strip(" ") or any(map(looking.is_unseen, cell)))


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("", ""),
        ("   ", "␣␣␣"),
        (" Åsa  Öberg ", "␣Åsa  Öberg␣"),
        ("two\r\nlines\tof", "two␍↵lines⇥of"),
        ("a\x07b", "aU+0007b"),
        ("\u202egnp.exe", "U+202Egnp.exe"),
        ("zero\u200bwidth\ufeff", "zeroU+200BwidthU+FEFF"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
    ],
)
def test_what_cannot_be_seen_has_a_mark(cell: str, shown: str) -> None:
    assert text(looking.cell(cell)) == shown


def test_a_long_cell_is_cut_and_says_how_long_it_is() -> None:
    assert looking.cell("x" * looking.LONGEST).length == 0
    cut = looking.cell("x" * 40_000)
    assert (len(text(cut)), cut.length) == (looking.LONGEST, 40_000)


def test_no_mark_would_itself_be_marked() -> None:
    assert all(unicodedata.category(mark) == "So" or mark in "⇥↵" for mark in looking.MARKS.values())


def test_not_more_is_read_than_is_shown(segment: SavedSegment, monkeypatch: pytest.MonkeyPatch) -> None:
    run = looked.table(segment, [f"key{n},a@example.com,,,1" for n in range(1000)])
    read = []

    def chunks(file: ExportFile) -> object:
        for number in range(1_000_000):
            read.append(number)
            yield b"export_key,EmailConsent,MobileConsent,Email,S\r\n" if not number else b"k,a@example.com,,,1\r\n"

    assert run.file
    run.file.header[-1] = "S"
    monkeypatch.setattr("exports.files.content", chunks)
    assert len(looking.first(run.file)) == looking.MOST_ROWS
    assert len(read) < 200


def test_a_wide_file_shows_fewer_rows() -> None:
    header = ["export_key", *(f"c{n}" for n in range(999))]
    file = ExportFile(header=header, row_count=100)
    data = ",".join(header) + "\n" + ("," * 999 + "\n") * 100
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patched:
        patched.setattr("exports.files.content", lambda file: iter([data.encode()]))
        assert len(looking.first(file)) == 5


def test_rows_behind_a_quoted_one_are_not_lost() -> None:
    table = [["export_key", "c1"], ["a", 'x"y'], ["b", "2"], ["c", "3"]]
    pieces = list(of([hostile.written(table)]))
    assert [row for piece in pieces for row in looking._parted(piece, 9)] == table
