"""A workbook holds exactly the cells of the file, as text, and says what it cannot hold."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import escape

from exports import rows as csv_rows
from exports import workbook
from tests.conftest import IN_CI
from tests.exports.hostile import CELLS, cut, tables, written

AT = datetime(2026, 6, 2, 14, 3, tzinfo=UTC)
SOFFICE = shutil.which("soffice")
ABOUT = [["Consent Desk"], ["Spring newsletter", "", "an export run"]]


def made(
    data: bytes, *, rows: int, kinds: dict[str, str] | None = None, sizes: list[int] | None = None
) -> tuple[Any, bytes]:
    to = io.BytesIO()
    remarks = workbook.write(
        csv_rows.of(cut(data, sizes or [])),
        to,
        kinds=kinds or {},
        rows=rows,
        most=(rows, len(data)),
        about=ABOUT,
        at=AT,
    )
    return remarks, to.getvalue()


def sheets(book: bytes) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield the name and the cells of each sheet, as whoever knows Excel's escapes reads them."""
    for sheet in openpyxl.load_workbook(io.BytesIO(book), read_only=True):
        yield sheet.title, [[escape.unescape(cell or "") for cell in row] for row in sheet.values]  # type: ignore[arg-type]


@given(table=tables(), sizes=st.lists(st.integers(1, 60), max_size=3))
def test_every_cell_is_what_it_was(table: list[list[str]], sizes: list[int]) -> None:
    remarks, book = made(written(table), rows=len(table) - 1, sizes=sizes)
    found = dict(sheets(book))
    assert found["Rows"] == table
    assert (remarks.rows, remarks.sheets, remarks.cut) == (len(table) - 1, 1, 0)


def test_every_cell_is_text_and_none_is_a_formula() -> None:
    table = [["export_key", "c1"], *([f"k{n}", cell] for n, cell in enumerate(CELLS))]
    _remarks, book = made(written(table), rows=len(CELLS))
    for row in openpyxl.load_workbook(io.BytesIO(book))["Rows"].iter_rows(min_row=2):
        for cell in row:
            assert cell.data_type in ("s", "inlineStr", "n"), cell.coordinate
            assert cell.data_type != "n" or cell.value is None
            assert cell.number_format == "@"
    xml = zipfile.ZipFile(io.BytesIO(book)).read("xl/worksheets/sheet2.xml")
    assert b"<f>" not in xml
    assert b"<v>" not in xml


def test_a_cell_that_is_too_long_is_cut_and_counted() -> None:
    long = "x" * 40_000
    smile = "🙂" * 16_384  # two units each: one more than fits
    table = [
        ["export_key", "c1"],
        ["k1", long],
        ["k2", "short"],
        ["k3", f'{long}"'],
        ["k4", smile],
        ["k5", "y" * 32_767],
    ]
    remarks, book = made(written(table), rows=5)
    assert remarks.cut == 3
    cells = [row[1] for row in dict(sheets(book))["Rows"]]
    assert cells[1:] == [long[:32_767], "short", long[:32_767], smile[:16_383], "y" * 32_767]


def test_a_sheet_that_is_full_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "ROWS_OF_A_SHEET", 10)
    for rows in (9, 10, 11, 20, 25):
        table = [["export_key", "c1"], *([f"k{n}", 'say "hi"' if n % 7 == 3 else "a"] for n in range(rows))]
        remarks, book = made(written(table), rows=rows)
        names, bodies = zip(*list(sheets(book))[1:], strict=True)
        assert remarks.sheets == len(names) == -(-rows // 10)
        assert names == ("Rows", "Rows 2", "Rows 3")[: len(names)]
        assert all(body[0] == table[0] for body in bodies), "each has its header"
        assert [row for body in bodies for row in body[1:]] == table[1:]
        for number, body in enumerate(bodies, start=2):
            xml = zipfile.ZipFile(io.BytesIO(book)).read(f"xl/worksheets/sheet{number}.xml").decode()
            assert f'<dimension ref="A1:B{len(body)}"/>' in xml


def test_a_file_without_rows_is_a_sheet_with_a_header() -> None:
    remarks, book = made(b"export_key,Email\n", rows=0)
    assert dict(sheets(book))["Rows"] == [["export_key", "Email"]]
    assert (remarks.rows, remarks.sheets) == (0, 1)


def test_it_opens_on_the_rows_and_the_read_me_sheet_comes_first() -> None:
    _remarks, book = made(b"export_key,Email\nk,a@example.com\n", rows=1)
    opened = openpyxl.load_workbook(io.BytesIO(book))
    assert opened.sheetnames == ["Read me", "Rows"]
    assert opened.active is opened["Rows"]
    assert opened["Rows"].freeze_panes == "A2"
    assert opened["Rows"].auto_filter.ref == "A1:B2"
    assert [cell.value for cell in opened["Read me"][2]] == ["Spring newsletter", "", "an export run"]


def test_a_header_has_the_colour_of_what_its_column_is() -> None:
    kinds = {"export_key": "key", "EmailConsent": "consent", "Email": "attribute", "Tag": "tag", "Women": "segment"}
    _remarks, book = made(f"{','.join(kinds)}\n".encode(), rows=0, kinds=kinds)
    heads = openpyxl.load_workbook(io.BytesIO(book))["Rows"][1]
    assert len({cell.fill.fgColor.rgb for cell in heads}) == 5
    assert all(cell.font.bold for cell in heads)


def test_a_sheet_that_may_be_huge_is_written_in_the_large_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "LARGE", 10)
    _remarks, book = made(b"export_key,Email\nk,a@example.com\n", rows=1)
    assert dict(sheets(book))["Rows"] == [["export_key", "Email"], ["k", "a@example.com"]]


@pytest.mark.processes
@pytest.mark.timeout(180)
def test_libreoffice_reads_what_was_written(tmp_path: Path) -> None:
    """Swedish letters, phone numbers, dates, zeros and formulas arrive unharmed in a real spreadsheet program."""
    if SOFFICE is None:
        (pytest.fail if IN_CI else pytest.skip)("No LibreOffice was found. Install Debian's “libreoffice-calc-nogui”.")
    # It shows no control characters, and its CSV knows one kind of line end.
    cells = [cell for cell in CELLS if not re.search("[\x00-\x08\x0b-\x1f\ufffe\uffff]", cell)]
    table = [["export_key", "c1"], *([f"k{n}", cell] for n, cell in enumerate(cells))]
    _remarks, book = made(written(table), rows=len(cells))
    (tmp_path / "rows.xlsx").write_bytes(book)
    asked = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2"  # the second sheet, UTF-8
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    words = [
        SOFFICE,
        profile,
        "--headless",
        "--convert-to",
        asked,
        "--outdir",
        str(tmp_path),
        str(tmp_path / "rows.xlsx"),
    ]
    subprocess.run(words, check=True, capture_output=True, timeout=150)
    (out,) = tmp_path.glob("*.csv")
    import csv

    with out.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == table
