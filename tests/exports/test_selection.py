"""Contactable only: those rows and no others, as they are."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports import rows as rows_of_files
from exports.selection import ColumnsMissing, Contactable, contactable
from tests.exports.hostile import TEXT, cut, written

HEADER = ["export_key", "E", "M", "Town", "S", "T"]
MARK = st.sampled_from(["0", "1"])
ADDRESS = st.one_of(st.just(""), st.just("a@example.com"), TEXT)
ROWS = st.lists(st.tuples(st.just("k"), ADDRESS, ADDRESS, TEXT, MARK, MARK).map(list), max_size=15)
CHOICES = [
    Contactable(("E",)),
    Contactable(("E", "M")),
    Contactable(("M",), ("S",)),
    Contactable(("E", "M"), ("S", "T")),
]


def kept(table: list[list[str]], choice: Contactable) -> list[list[str]]:
    """Choose as anybody would, row by row."""
    at = {title: index for index, title in enumerate(table[0])}
    return [
        row
        for row in table[1:]
        if any(row[at[title]] for title in choice.consents)
        and (not choice.segments or any(row[at[title]] == "1" for title in choice.segments))
    ]


@given(rows=ROWS, choice=st.sampled_from(CHOICES), sizes=st.lists(st.integers(1, 80), max_size=3), ends=st.booleans())
def test_only_those_who_said_yes(rows: list[list[str]], choice: Contactable, sizes: list[int], ends: bool) -> None:
    table = [HEADER, *rows]
    data = written(table) if ends else written(table).removesuffix(b"\n")
    to = io.BytesIO()
    count = rows_of_files.write(contactable(rows_of_files.of(cut(data, sizes)), choice), to)
    out = to.getvalue().decode()
    assert list(csv.reader(io.StringIO(out, newline=""), strict=True)) == [HEADER, *kept(table, choice)]
    assert count == len(kept(table, choice))


def test_rows_without_quotation_marks_are_the_same_bytes() -> None:
    data = b"export_key,E,S\nk1,a@example.com,1\nk2,,1\nk3,b@example.com,0\n"
    to = io.BytesIO()
    rows_of_files.write(contactable(rows_of_files.of([data]), Contactable(("E",), ("S",))), to)
    assert to.getvalue() == b"export_key,E,S\nk1,a@example.com,1\n"


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(ColumnsMissing) as caught:
        list(contactable(rows_of_files.of([b"export_key,E\n"]), Contactable(("E", "M"), ("S",))))
    assert caught.value.args[0] == ["M", "S"]
