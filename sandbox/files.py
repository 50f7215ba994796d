"""Rows made into the bytes of a file: CSV, gzip, XLSX. Same rows, same bytes; memory stays flat.

Source of the formats: developer.apsis.com, "Request profile in segment by consent export".
"""

import csv
import io
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.writer.excel import ExcelWriter

CSV = "text/csv;charset=UTF-8;header=present"
JSON = "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

BLOCK = 262_144
"""Files are read and sent in blocks of so many bytes."""

_ROWS_AT_ONCE = 1_000
_STILL = (1980, 1, 1, 0, 0, 0)
_CORE = "docProps/core.xml"
_UNFIT_FOR_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

Row = Sequence[str]


def csv_blocks(rows: Iterable[Row], line_end: str) -> Iterator[bytes]:
    """Yield the rows as CSV in UTF-8, quoted only where needed."""
    rows = iter(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=line_end)
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        writer.writerows(some)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def gzipped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the blocks as one gzip member without a time in it."""
    squeeze = zlib.compressobj(level=4, wbits=31)
    for block in blocks:
        if squeezed := squeeze.compress(block):
            yield squeezed
    yield squeeze.flush()


def file_blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a file's blocks and close it."""
    with file:
        while block := file.read(BLOCK):
            yield block


def spooled(blocks: Iterable[bytes]) -> tuple[IO[bytes], int]:
    """Write the blocks to a temporary file; return it, at its beginning, and its length."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    for block in blocks:
        file.write(block)
    length = file.tell()
    file.seek(0)
    return file, length


def xlsx_file(rows: Iterable[Row]) -> IO[bytes]:
    """Return a temporary file with the rows as a workbook whose every cell is text, at its beginning."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("export")
    for row in rows:
        sheet.append([_text_cell(sheet, _UNFIT_FOR_XML.sub("", value)) for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115
    with _StillZip(file, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(workbook, archive).write_data()
    file.seek(0)
    return file


def _text_cell(sheet: WriteOnlyWorksheet, value: str) -> str | Cell:
    # A plain string that looks like a formula or an error would become one.
    if not value.startswith(("=", "#")):
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    return cell


class _StillZip(zipfile.ZipFile):
    """A zip archive in which time stands still, so that the same workbook is the same bytes."""

    def writestr(self, name: Any, data: Any, compress_type: Any = None, compresslevel: Any = None) -> None:
        if name == _CORE:
            text = data if isinstance(data, str) else data.decode()
            data = re.sub(r">\d{4}-\d\d-\d\dT[^<]*<", ">1980-01-01T00:00:00Z<", text)
        super().writestr(self._entry(name), data, compress_type, compresslevel)

    def write(self, filename: Any, arcname: Any = None, compress_type: Any = None, compresslevel: Any = None) -> None:
        with (
            Path(filename).open("rb") as source,
            self.open(self._entry(arcname), "w", force_zip64=True) as entry,
        ):
            while block := source.read(BLOCK):
                entry.write(block)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, _STILL)
        entry.compress_type = zipfile.ZIP_DEFLATED
        return entry
