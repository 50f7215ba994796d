"""Rows come out as Python's own reader would read them, in order, wherever the file is cut."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports import rows
from tests.exports.hostile import cut, tables, written


def flat(pieces: Iterable[bytes | list[str]]) -> list[list[str]]:
    """Return the cells of all pieces, in order."""
    found: list[list[str]] = []
    for piece in pieces:
        if isinstance(piece, list):
            found.append(piece)
            continue
        assert piece.endswith(b"\n")
        assert b'"' not in piece
        assert b"\r" not in piece
        found += [line.split(",") for line in piece[:-1].decode().split("\n")]
    return found


@given(
    table=tables(),
    sizes=st.lists(st.integers(1, 40), max_size=4),
    end=st.sampled_from(["\n", "\r\n"]),
    quotes_all=st.booleans(),
    bom=st.booleans(),
    ends=st.booleans(),
)
def test_rows_are_those_of_pythons_reader(
    table: list[list[str]], sizes: list[int], end: str, quotes_all: bool, bom: bool, ends: bool
) -> None:
    data = written(table, end=end, quotes_all=quotes_all, bom=bom)
    if not ends:
        data = data.removesuffix(end.encode())
    assert flat(rows.of(cut(data, sizes))) == table


def test_a_large_file_comes_in_few_pieces() -> None:
    line = b"k1,a@example.com,1\n"
    data = b"export_key,Email,Segment\n" + line * 50_000
    pieces = list(rows.of(cut(data, [65_536])))
    assert len(pieces) < 30
    assert len(flat(pieces)) == 50_001


def test_a_row_without_end_is_refused() -> None:
    endless = (b'a,b\n"', *[b"x" * 65_536] * 200)
    with pytest.raises(rows.RowTooLong):
        flat(rows.of(endless))


@given(tables())
def test_the_reader_and_the_parts_agree(table: list[list[str]]) -> None:
    data = written(table)
    read, length = rows.read(data, is_last=True)
    assert length == len(data)
    assert read == list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
