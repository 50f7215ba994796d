"""An Excel workbook of a CSV file, written as it is read: every cell is text, none is ever a formula. No Django.

A workbook is a zip of XML (ECMA-376). Rows without a quotation mark become XML by a few replacements of whole blocks,
which run in C; all others go cell by cell. Memory does not grow with the file.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from xml.sax.saxutils import quoteattr

from exports.rows import Piece, many

ROWS_OF_A_SHEET = 1_048_575  # below the header; Excel's sheet has one row more
LONGEST_CELL = 32_767  # UTF-16 units, Excel's limit
WIDEST = 16_384  # columns, Excel's limit
LEVEL = 1  # of deflate: a third larger than 6, in half the time
LARGE = 2_000_000_000  # bytes of a sheet that a plain zip holds; a larger one takes the form of ZIP64
ESCAPED, AROUND = 4, 70  # bytes that a byte becomes, like & does, and bytes of XML round a cell: at most
SHEET, READ_ME = "Rows", "Read me"
KINDS = ("key", "consent", "attribute", "tag", "segment", "event", "data")  # the order of the headers' styles below

# What XML cannot say, or reads as something else: Excel writes such a character as _x0007_, and so that sequence too.
_UNSAYABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_x(?=[0-9A-Fa-f]{4}_)")
# The same for a look at a whole block. These finds run at a gigabyte a second, where an expression does thirty million.
_CONTROLS = bytes(n for n in range(32) if n not in b"\t\n")
_RARE = (b"_x", b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_AT_AN_EDGE = (b" ,", b", ", b"\n ", b" \n", b"\t")  # of a cell: white space there would be dropped

_ROW, _ROW_END = b"<row>", b"</row>"
_CELL, _CELL_END = b'<c s="1" t="inlineStr"><is><t>', b"</t></is></c>"
_KEEPS = b'<c s="1" t="inlineStr"><is><t xml:space="preserve">'
_BLANK = b'<c s="1"/>'


@dataclass(frozen=True)
class Heading:
    """A column: its title, and which of KINDS it is."""

    title: str
    kind: str


@dataclass
class Made:
    """What was written: rows below the headers, sheets with rows, cells that had to be cut."""

    rows: int = 0
    sheets: int = 0
    cut: int = 0


def write(
    pieces: Iterator[Piece],
    to: IO[bytes],
    *,
    kinds: dict[str, str],
    rows: int | None,
    most: tuple[int, int],
    about: Sequence[Sequence[str]],
    at: datetime,
) -> Made:
    """Write a workbook of the rows of a file, the header first.

    `kinds` says which of KINDS each title is; `rows` is how many there are below the header, where that is known: then
    readers that ask for a sheet's size beforehand are quick. `most` is how many rows and bytes there are at most;
    `about` is the first sheet, line by line; `at` dates the parts of the zip. `to` is seekable.
    """
    titles = next(pieces)
    assert isinstance(titles, list)
    headings = [Heading(title, kinds.get(title, "key")) for title in titles]
    with Book(to, at=at, is_large=is_large(most, len(titles))) as book:
        book.text(READ_ME, about)
        made = book.table(SHEET, headings, pieces, rows=rows)
        book.opens_at = SHEET
    return made


def is_large(most: tuple[int, int], width: int) -> bool:
    """Say whether a table of so many rows and bytes of text, and so wide, may need ZIP64."""
    return most[1] * ESCAPED + most[0] * width * AROUND > LARGE


class Book:
    """A workbook that is written sheet by sheet, each once, as a context: it is whole at its end.

    Sheets stand in the order in which they were written, but for those that `order` names, which stand first; the one
    named by `opens_at` is in front. `at` dates the parts of the zip. `to` is seekable.
    """

    def __init__(self, to: IO[bytes], *, at: datetime, is_large: bool) -> None:
        self._archive = zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        self._at, self._is_large = at.timetuple()[:6], is_large
        self._sheets: list[tuple[str, str]] = []  # of each the table that it belongs to, and its own name
        self.order: Sequence[str] = ()
        self.opens_at = ""

    def __enter__(self) -> Book:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exception: object) -> None:
        if kind is None:
            ranks = {name: rank for rank, name in enumerate(self.order)}
            numbered = list(enumerate(self._sheets, start=1))
            numbered.sort(key=lambda one: ranks.get(one[1][0], len(ranks)))
            in_front = next((at for at, (_n, (of, _name)) in enumerate(numbered) if of == self.opens_at), 0)
            for part, xml in _frame([(number, name) for number, (_of, name) in numbered], in_front).items():
                self._write(part, xml)
        self._archive.close()

    def text(self, name: str, lines: Sequence[Sequence[str]]) -> None:
        """Write a sheet that is read rather than sorted."""
        self._sheets.append((name, name))
        self._write(f"xl/worksheets/sheet{len(self._sheets)}.xml", _read_me(lines))

    def table(self, name: str, headings: Sequence[Heading], pieces: Iterator[Piece], *, rows: int | None) -> Made:
        """Write a table below its headings, in as many sheets as it takes; `rows` is how many it has, if known."""
        if len(headings) > WIDEST:
            raise ValueError(f"a sheet has {WIDEST} columns at most")
        made = Made()
        body = _Body(pieces, made)
        while not body.is_over:
            made.sheets += 1
            before = made.rows
            self._sheets.append((name, name if made.sheets == 1 else f"{name} {made.sheets}"))
            info = self._info(f"xl/worksheets/sheet{len(self._sheets)}.xml")
            with self._archive.open(info, "w", force_zip64=self._is_large) as sheet:
                sheet.write(_sheet_begin(headings, None if rows is None else min(ROWS_OF_A_SHEET, rows - before)))
                for xml in body.rows(ROWS_OF_A_SHEET):
                    sheet.write(xml)
                sheet.write(_sheet_end(len(headings), made.rows - before))
        return made

    def _write(self, part: str, xml: str) -> None:
        self._archive.writestr(self._info(part), xml.encode(), compresslevel=LEVEL)

    def _info(self, part: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(part, self._at)
        info.compress_type = zipfile.ZIP_DEFLATED
        info._compresslevel = LEVEL  # type: ignore[attr-defined]  # the constructor has no word for it before 3.13
        return info


class _Body:
    """The rows as XML, sheet by sheet."""

    def __init__(self, pieces: Iterator[Piece], made: Made) -> None:
        self._pieces, self._made = pieces, made
        self._rest = b""  # whole rows that belong to the next sheet
        self.is_over = False

    def rows(self, room: int) -> Iterator[bytes]:
        """Yield the rows of one sheet with room for so many."""
        while room:
            piece = self._rest or next(self._pieces, None)
            self._rest = b""
            if piece is None:
                break
            if isinstance(piece, bytes):
                piece, self._rest = _parted(piece, room)
            yield self._xml(piece)
            room -= many(piece)
            self._made.rows += many(piece)
        if not self._rest:
            self._look_ahead()

    def _look_ahead(self) -> None:
        """See whether anything comes after a full sheet."""
        piece = next(self._pieces, None)
        if piece is None:
            self.is_over = True
        else:
            self._pieces = _with(piece, self._pieces)

    def _xml(self, piece: Piece) -> bytes:
        if isinstance(piece, list):
            return self._row(piece)
        if _is_unusual(piece):
            return b"".join(self._row(line.split(",")) for line in piece[:-1].decode().split("\n"))
        cell = _KEEPS if piece.startswith(b" ") or any(edge in piece for edge in _AT_AN_EDGE) else _CELL
        escaped = piece[:-1].replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
        between = escaped.replace(b",", _CELL_END + cell)
        whole = _ROW + cell + between.replace(b"\n", _CELL_END + _ROW_END + _ROW + cell) + _CELL_END + _ROW_END
        return whole.replace(cell + _CELL_END, _BLANK)

    def _row(self, cells: Iterable[str]) -> bytes:
        return _ROW + b"".join(map(self._cell, cells)) + _ROW_END

    def _cell(self, text: str) -> bytes:
        if not text:
            return _BLANK
        if len(text) > LONGEST_CELL // 2:
            fits = _cut(text)
            self._made.cut += fits is not text
            text = fits
        return _KEEPS + _said(text).encode() + _CELL_END


def _is_unusual(lines: bytes) -> bool:
    """Say whether some rows hold what replacements alone would get wrong."""
    if len(lines.translate(None, _CONTROLS)) < len(lines) or any(rare in lines for rare in _RARE):
        return True
    return len(lines) > LONGEST_CELL and max(map(len, lines.split(b"\n"))) > LONGEST_CELL


def _with(first: Piece, others: Iterator[Piece]) -> Iterator[Piece]:
    yield first
    yield from others


def _parted(lines: bytes, room: int) -> tuple[bytes, bytes]:
    """Return the first `room` rows of some, and the others."""
    if lines.count(b"\n") <= room:
        return lines, b""
    at = 0
    for _ in range(room):
        at = lines.index(b"\n", at) + 1
    return lines[:at], lines[at:]


def _cut(text: str) -> str:
    """Return as much of a text as a cell holds: the very text where it fits."""
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * LONGEST_CELL:
        return text
    return units[: 2 * LONGEST_CELL].decode("utf-16-le", "ignore")  # half a letter at the end goes too


def _said(text: str) -> str:
    """Return a text as XML says it, so that Excel reads what it was."""
    text = _UNSAYABLE.sub(lambda found: "_x005F_x" if found[0] == "_x" else f"_x{ord(found[0]):04X}_", text)
    # A carriage return by its number, for every reader of XML takes a bare one for a line feed.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


# ── The frame around the rows ────────────────────────────────────────────────────────────────────────────────────────

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# The marks of the pages, light enough for black letters: key, consent, attribute, tag, segment, event, data.
_FILLS = ("E7E6E1", "CFE3D4", "DCE6F2", "F0E3C8", "E6DDF0", "D3E4E6", "F2DDD8")
_FIRST_HEAD = 2  # the style of the first of KINDS; before it stand the plain one and the one of text
_FIRST_READ = _FIRST_HEAD + len(KINDS)  # two styles of sheets that are read


def _sheet_begin(headings: Sequence[Heading], rows: int | None) -> bytes:
    size = "" if rows is None else f'<dimension ref="A1:{_letters(len(headings))}{rows + 1}"/>'
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{min(44, max(14, len(heading.title) + 4))}" customWidth="1"/>'
        for n, heading in enumerate(headings, start=1)
    )
    cells = "".join(
        f'<c s="{_FIRST_HEAD + KINDS.index(heading.kind)}" t="inlineStr">'
        f'<is><t xml:space="preserve">{_said(_cut(heading.title))}</t></is></c>'
        for heading in headings
    )
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}">{size}<sheetViews><sheetView '
        f'workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView>'
        f"</sheetViews><cols>{widths}</cols><sheetData><row>{cells}</row>"
    ).encode()


def _sheet_end(width: int, rows: int) -> bytes:
    everything = f"A1:{_letters(width)}{rows + 1}"
    # Numbers are text here on purpose, so Excel need not put a green corner on each.
    return (
        f'</sheetData><autoFilter ref="{everything}"/><ignoredErrors><ignoredError sqref="{everything}" '
        'numberStoredAsText="1"/></ignoredErrors></worksheet>'
    ).encode()


def _read_me(lines: Sequence[Sequence[str]]) -> str:
    rows = "".join(
        "<row>"
        + "".join(
            f'<c s="{_FIRST_READ + (n == 0)}" t="inlineStr">'
            f'<is><t xml:space="preserve">{_said(_cut(text))}</t></is></c>'
            for n, text in enumerate(line)
        )
        + "</row>"
        for line in lines
    )
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView showGridLines="0" workbookViewId="0"/></sheetViews>'
        '<cols><col min="1" max="1" width="28" customWidth="1"/><col min="2" max="2" width="24" customWidth="1"/>'
        f'<col min="3" max="3" width="90" customWidth="1"/></cols><sheetData>{rows}</sheetData></worksheet>'
    )


def _frame(sheets: Sequence[tuple[int, str]], in_front: int) -> dict[str, str]:
    """Return the parts that hold the sheets together, by name. Of each sheet its part's number and its name."""
    numbers = range(1, len(sheets) + 1)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPES}.worksheet+xml"/>' for n in numbers
    )
    listed = "".join(f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>' for n, name in sheets)
    targets = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    return {
        "[Content_Types].xml": (
            f'{_XML}<Types xmlns="{package}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>{overrides}</Types>'
        ),
        "_rels/.rels": (
            f'{_XML}<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
            f'Type="{_RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELS}">'
            f'<bookViews><workbookView activeTab="{in_front}"/></bookViews><sheets>{listed}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            f'{_XML}<Relationships xmlns="{package}/relationships">{targets}'
            f'<Relationship Id="rId{len(sheets) + 1}" Type="{_RELS}/styles" Target="styles.xml"/></Relationships>'
        ),
        "xl/styles.xml": _styles(),
    }


def _styles() -> str:
    """Return the styles: plain, text, a head for each of KINDS, and two of the read-me sheet."""
    solid = "".join(
        f'<fill><patternFill patternType="solid"><fgColor rgb="FF{colour}"/></patternFill></fill>' for colour in _FILLS
    )
    heads = "".join(
        f'<xf numFmtId="49" fontId="1" fillId="{2 + n}" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" '
        'applyFill="1"/>'
        for n in range(len(KINDS))
    )
    wrapped = '<alignment vertical="top" wrapText="1"/>'
    return (
        f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        f'<fills count="{2 + len(KINDS)}"><fill><patternFill patternType="none"/></fill>'
        f'<fill><patternFill patternType="gray125"/></fill>{solid}</fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{_FIRST_READ + 2}">'
        '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        f"{heads}"
        f'<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1">{wrapped}</xf>'
        f'<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1" applyAlignment="1">{wrapped}</xf>'
        '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _letters(number: int) -> str:
    """Return a column's letters: 1 is A, 27 is AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
