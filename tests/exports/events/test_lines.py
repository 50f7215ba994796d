"""Rows as lines of CSV are what Python's own writer makes of them, and come as pieces in order."""

from __future__ import annotations

import csv
import io

from hypothesis import example, given
from hypothesis import strategies as st

from exports import rows
from exports.events import lines
from tests.exports.events.made import TEXTS

CELLS = st.lists(st.one_of(TEXTS, st.sampled_from(['"', '""', ",", "\r", "\r\n", '"a",', "a"])), min_size=2, max_size=4)


def line(cells: list[str]) -> str:
    return ",".join(map(lines.quoted, cells)) + "\n"


@given(CELLS)
def test_a_line_has_quotation_marks_where_it_needs_them(cells: list[str]) -> None:
    assert line(cells).encode() == rows.line(cells)
    assert list(lines.all_quoted(cells)) == [lines.quoted(cell) for cell in cells]


@given(st.lists(CELLS, max_size=8))
@example([["a", "b"], ['"', "\n"], ["", ""], ["c", "d,"], ["e", "f"]])
def test_pieces_are_the_rows_in_order(table: list[list[str]]) -> None:
    found = []
    for piece in lines.pieces([line(cells) for cells in table], with_marks=False):
        if isinstance(piece, bytes):
            assert b'"' not in piece
            found += [row.split(",") for row in piece.decode().split("\n")[:-1]]
        else:
            found.append(piece)
    assert found == table


@given(st.lists(CELLS, max_size=8))
def test_whoever_writes_them_to_a_file_gets_them_together(table: list[list[str]]) -> None:
    found = list(lines.pieces([line(cells) for cells in table], with_marks=True))
    if not any("\n" in cell for cells in table for cell in cells):
        assert len(found) == 1
    to = io.BytesIO()
    assert rows.write([["a", "b"], *found], to) == len(table)
    assert list(csv.reader(io.StringIO(to.getvalue().decode(), newline=""), strict=True))[1:] == table


def test_any_number_of_lines_is_handed_on_in_blocks() -> None:
    many = [f"{n},x\n" for n in range(30_000)]
    found = list(lines.gathered(iter(many), with_marks=False))
    assert 1 < len(found) < 10
    assert b"".join(piece for piece in found if isinstance(piece, bytes)).decode() == "".join(many)
