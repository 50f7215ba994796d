"""Spreadsheets become text in a process of their own; those that mean harm end that process alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from imports.parse.reading import Reading, Unreadable
from imports.parse.rows import rows
from imports.parse.spreadsheets import Converted, convert, sheets


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., str]:
    def save(**found: list[list[Any]]) -> str:
        book = openpyxl.Workbook()
        assert book.active
        book.remove(book.active)
        for name, table in found.items():
            sheet = book.create_sheet(name)
            for row in table:
                sheet.append(row)
        path = tmp_path / "book.xlsx"
        book.save(path)
        return str(path)

    return save


def read(path: str, sheet: str) -> tuple[Converted, list[tuple[int, list[str]]]]:
    out = io.BytesIO()
    found = convert(path, sheet, out, alive=lambda written: None)
    out.seek(0)
    return found, list(rows(out, Reading(header_row=0)))


def test_every_kind_of_cell_is_written_as_it_looks(saved: Callable[..., str]) -> None:
    path = saved(
        People=[
            ["text", "whole", "decimal", "day", "moment", "yes", "zeros"],
            ['Åsa, "J"', 46000000001, 1.5, date(2024, 2, 29), datetime(2024, 5, 1, 10, 30), True, "0045"],  # noqa: DTZ001
            [],
            ["two\nlines", -3, 0.1, None, None, False, "+46 text"],
        ]
    )
    found, table = read(path, "People")
    assert found.rows == 4
    assert table == [
        (1, ["text", "whole", "decimal", "day", "moment", "yes", "zeros"]),
        (2, ['Åsa, "J"', "46000000001", "1.5", "2024-02-29", "2024-05-01T10:30:00", "true", "0045"]),
        (4, ["two\nlines", "-3", "0.1", "", "", "false", "+46 text"]),
    ]


def test_the_sheets_are_named_in_their_order(saved: Callable[..., str]) -> None:
    assert sheets(saved(One=[["a"]], Two=[["b"]])) == ["One", "Two"]


def test_a_long_number_is_counted(saved: Callable[..., str]) -> None:
    found, _table = read(saved(A=[["n"], [1234567890123456789]]), "A")
    assert found.remarks == {"long_numbers": 1}


def test_a_sheet_that_is_not_there_is_named(saved: Callable[..., str]) -> None:
    with pytest.raises(Unreadable) as refused:
        read(saved(A=[["n"]]), "B")
    assert refused.value.code == "no_sheet"


def _rewritten(path: str, change: Callable[[str], str]) -> str:
    """Change the XML of the first sheet of a workbook."""
    other = f"{path}.changed.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            data = old.read(entry)
            new.writestr(entry, change(data.decode()) if entry == "xl/worksheets/sheet1.xml" else data)
    return other


def test_a_sheet_of_two_cells_far_apart_ends_the_child_and_not_us(saved: Callable[..., str]) -> None:
    """The fast reader asks for a grid of half a terabyte here, and its process is aborted."""
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    path = _rewritten(saved(A=[["email"], ["a@example.com"]]), lambda text: text.replace("</sheetData>", far))
    with pytest.raises(Unreadable) as refused:
        read(path, "A")
    assert refused.value.code in ("too_many_columns", "too_many_rows", "bomb", "too_slow")


def test_a_zip_that_unpacks_to_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(300):
            part.write(b" " * 1024 * 1024)
    with pytest.raises(Unreadable) as refused:
        sheets(str(path))
    assert refused.value.code == "bomb"


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04", b"email;name\n", b"<html></html>", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600],
)
def test_what_is_no_spreadsheet_says_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "none.xlsx"
    path.write_bytes(data)
    with pytest.raises(Unreadable):
        sheets(str(path))


def test_a_workbook_that_was_cut_says_so(saved: Callable[..., str], tmp_path: Path) -> None:
    whole = Path(saved(A=[["email"], ["a@example.com"]])).read_bytes()
    path = tmp_path / "cut.xlsx"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Unreadable):
        read(str(path), "A")


def test_whoever_stops_it_is_heard(saved: Callable[..., str]) -> None:
    class Stop(Exception):
        pass

    def stop(written: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        convert(saved(A=[["email"], ["a@example.com"]]), "A", io.BytesIO(), alive=stop)
