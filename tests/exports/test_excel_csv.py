"""A CSV for Excel: its own marks and separators, and an apostrophe where a cell would be a formula."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports import excel_csv, rows
from tests.exports.hostile import cut, tables, written


def made(data: bytes, sizes: list[int] | None = None) -> tuple[excel_csv.Made, bytes]:
    to = io.BytesIO()
    return excel_csv.write(rows.of(cut(data, sizes or [])), to), to.getvalue()


def cells(data: bytes) -> list[list[str]]:
    """Read it back; it must begin with the mark and end its lines as Windows does."""
    text = data.decode("utf-8-sig")
    assert data.startswith(b"\xef\xbb\xbf")
    assert not text or text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))


def expected(cell: str) -> str:
    """Say in other words than the product's when a cell gets an apostrophe."""
    sign, rest = cell[:1], cell[1:]
    if sign and sign in "=@\t\r":
        return f"'{cell}"
    if sign and sign in "+-":
        mantissa, _e, exponent = rest.partition("e") if "e" in rest else rest.partition("E")
        is_number = any(c in "0123456789" for c in mantissa) and all(c in "0123456789 .,()/-" for c in mantissa)
        has_exponent = (
            exponent.lstrip("+-").isdecimal() and exponent.isascii() and len(exponent) - len(exponent.lstrip("+-")) < 2
        )
        if not (is_number and (has_exponent if _e else True)):
            return f"'{cell}"
    return cell


@given(table=tables(), sizes=st.lists(st.integers(1, 50), max_size=3))
def test_cells_are_the_files_own_but_for_the_apostrophes(table: list[list[str]], sizes: list[int]) -> None:
    remarks, data = made(written(table), sizes)
    wanted = [[expected(cell) for cell in row] for row in table]
    assert cells(data) == wanted
    assert remarks.rows == len(table) - 1
    changed = sum(
        before != after for rows in zip(table, wanted, strict=True) for before, after in zip(*rows, strict=True)
    )
    assert remarks.guarded == changed


@pytest.mark.parametrize(
    ("cell", "written_as"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("+46700000001", "+46700000001"),
        ("+46 (0)70-000 00 01", "+46 (0)70-000 00 01"),
        ("-5", "-5"),
        ("-1.5E+3", "-1.5E+3"),
        ("+1+1", "'+1+1"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("+HYPERLINK", "'+HYPERLINK"),
        ("46-1", "46-1"),
        ("mail@example.com", "mail@example.com"),
    ],
)
def test_what_a_formula_is(cell: str, written_as: str) -> None:
    for other in ("x", 'say "hi"', "a;b"):
        _remarks, data = made(written([["export_key", "a", "b"], ["k", cell, other], [cell, other, cell]]))
        assert cells(data)[1:] == [["k", written_as, other], [written_as, other, written_as]]
