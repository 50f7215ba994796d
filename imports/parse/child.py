"""Read a spreadsheet in a process that may die of it: python child.py sheets|calamine|openpyxl PATH [SHEET].

Run as a file, by imports.parse.spreadsheets. A sheet goes to standard output as CSV: UTF-8, commas, a blank line for an
empty row, so that rows keep their numbers. The last line on standard error is what else there is to say, as JSON:
{"sheets": […]}, {"rows": …, "remarks": {…}} or {"code": …, "facts": {…}}.

Reading fast means the whole grid in memory, and that a file of 5 KB can abort the process (tafia/calamine issue 693).
"""

from __future__ import annotations

import json
import re
import resource
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

MEMORY = 2 * 1024**3  # bytes of address space
SECONDS = 120  # of processor time
ENTRIES, UNPACKED, RATIO = 1000, 1024**3, 200  # of a zip; real workbooks unpack to some ten times their size
SMALL = 100 * 1024**2  # bytes unpacked that do no harm however well they were packed
MOST_ROWS = 1_048_576  # that a sheet can have
MOST_COLUMNS = 1000  # as imports.parse.rows
DIGITS = 10**15  # from here on a number has lost its last digits to the spreadsheet
PIECE = 1024 * 1024
TOGETHER = 2000  # rows written at a time


class Refused(Exception):
    """A file that is not read on; the first argument says why in a word."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts


def main(words: list[str]) -> int:
    """Do what is asked; return 0 if it went well, 3 where the file is refused."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    what, path, *sheet = words
    said, code = _said(what, path, *sheet)
    sys.stderr.write(f"{json.dumps(said)}\n")
    return code


def _said(what: str, path: str, *sheet: str) -> tuple[dict[str, Any], int]:
    try:
        guard(path)
        if what == "sheets":
            return {"sheets": sheets(path)}, 0
        read = {"calamine": by_calamine, "openpyxl": by_openpyxl}[what]
        return read(path, *sheet), 0
    except Refused as error:
        return {"code": error.code, "facts": error.facts}, 3
    except MemoryError:
        return {"code": "bomb", "facts": {}}, 3
    except BrokenPipeError:
        return {"code": "stopped", "facts": {}}, 3
    except BaseException as error:  # a panic in the reader's own language is none of Python's exceptions
        known = {"PasswordError": "password", "WorksheetNotFound": "no_sheet"}
        return {"code": known.get(type(error).__name__, "damaged"), "facts": {}}, 3


def guard(path: str) -> None:
    """Refuse a zip that would unpack to far more than a workbook does, by its own table of contents."""
    with Path(path).open("rb") as file:
        if file.read(2) != b"PK":
            return
    try:
        with zipfile.ZipFile(path) as packed:
            entries = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise Refused("damaged") from None
    unpacked, size = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    is_bomb = len(entries) > ENTRIES or unpacked > UNPACKED or (unpacked > SMALL and unpacked > RATIO * max(size, 1))
    if is_bomb:
        raise Refused("bomb", entries=len(entries), bytes=unpacked)


def sheets(path: str) -> list[str]:
    """Return the names of the sheets with cells, in order: those that can be seen, all where none can."""
    import python_calamine as calamine

    with calamine.CalamineWorkbook.from_path(path) as book:
        found = [sheet for sheet in book.sheets_metadata if sheet.typ == calamine.SheetTypeEnum.WorkSheet]
    seen = [sheet.name for sheet in found if sheet.visible == calamine.SheetVisibleEnum.Visible]
    return seen or [sheet.name for sheet in found]


def by_calamine(path: str, name: str) -> dict[str, Any]:
    """Write a sheet by the fast reader, which holds all of it."""
    import python_calamine as calamine

    errors = _Errors(path, name)
    errors.start()
    with calamine.CalamineWorkbook.from_path(path) as book:
        sheet = book.get_sheet_by_name(name)
    errors.join()
    if sheet.width > MOST_COLUMNS:
        raise Refused("too_many_columns", columns=sheet.width, most=MOST_COLUMNS)
    first = sheet.start[1] if sheet.start else 0
    return _written(_with_errors(sheet.iter_rows(), errors.found, first), errors=errors.count)


def by_openpyxl(path: str, name: str) -> dict[str, Any]:
    """Write a sheet by the slow reader, which holds a row at a time."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = book[name]
    except KeyError:
        raise Refused("no_sheet") from None
    sheet.reset_dimensions()
    return _written(_evened(sheet.iter_rows(values_only=True)))


def _evened(found: Iterable[Iterable[Any]]) -> Iterator[list[Any]]:
    """Give each row the width of the widest so far: this reader ends a row at its last cell."""
    width = 0
    for number, values in enumerate(found, 1):
        if number > MOST_ROWS:
            raise Refused("too_many_rows", most=MOST_ROWS)
        row = ["" if value is None else value for value in values]
        while row and row[-1] == "":
            row.pop()
        if len(row) > MOST_COLUMNS:
            raise Refused("too_many_columns", columns=len(row), most=MOST_COLUMNS)
        width = max(width, len(row))
        yield [*row, *[""] * (width - len(row))]


def _written(found: Iterable[list[Any]], **remarks: int) -> dict[str, Any]:
    """Write rows to standard output; return how many, to the last that is not empty, and what was remarkable."""
    seen: Counter[str] = Counter(remarks)
    rows, out = iter(found), sys.stdout.buffer
    written = blank = 0
    while batch := list(islice(rows, TOGETHER)):
        width = max(map(len, batch))
        if min(map(len, batch)) < width:
            batch = [[*row, *[""] * (width - len(row))] for row in batch]
        columns = [_quoted(_column(values, seen)) for values in zip(*batch, strict=True)]
        empty = "," * (width - 1)
        lines = ["" if line == empty else line for line in map(",".join, zip(*columns, strict=True))]
        if not width:
            lines = [""] * len(batch)
        ends = next((place for place in range(len(lines), 0, -1) if lines[place - 1]), 0)
        if ends:
            text = "\n" * blank + "\n".join(lines[:ends]) + "\n"
            out.write(text.encode("utf-8", "replace"))
            written += blank + ends
            blank = 0
        blank += len(lines) - ends
    out.flush()
    return {"rows": written, "remarks": {name: count for name, count in seen.items() if count}}


def _quoted(values: list[str]) -> list[str]:
    """Return a column's values as CSV has them."""
    text = "\n".join(values)
    if "," not in text and '"' not in text and "\r" not in text and text.count("\n") == len(values) - 1:
        return values
    return ['"' + value.replace('"', '""') + '"' if _NEEDS_QUOTES(value) else value for value in values]


_NEEDS_QUOTES = re.compile('[,"\r\n]').search


def _column(values: Sequence[Any], seen: Counter[str]) -> list[str]:
    """Return a column's values as text: days by ISO 8601, whole numbers without a point, true and false."""
    kinds = set(map(type, values))
    if kinds == {str}:
        return list(values)
    if kinds == {float} and max(values) < DIGITS and min(values) > -DIGITS:
        whole = list(map(int, values))
        if whole == list(values):
            return list(map(str, whole))
    return [value if type(value) is str else _text(value, seen) for value in values]


def _text(value: Any, seen: Counter[str]) -> str:
    if type(value) is float:
        return _number(value, seen)
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is date or isinstance(value, time):
        return value.isoformat()
    if isinstance(value, datetime):
        # A moment is kept as a fraction of a day, which is seldom a whole second.
        whole = (value + timedelta(microseconds=500_000)).replace(microsecond=0)
        return whole.date().isoformat() if whole.time() == time() else whole.isoformat()
    if isinstance(value, timedelta):
        hours, rest = divmod(round(value.total_seconds()), 3600)
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"
    if isinstance(value, int):
        seen["long_numbers"] += abs(value) >= DIGITS
    return str(value)


def _number(value: float, seen: Counter[str]) -> str:
    if value.is_integer():
        seen["long_numbers"] += abs(value) >= DIGITS
        return str(int(value))
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text


# ── Errors of formulas ───────────────────────────────────────────────────────────────────────────────────────


class _Errors(threading.Thread):
    """The cells with #N/A and its like, by row and column from 0: the fast reader takes them for empty ones.

    Found beside it, for unpacking does not need the interpreter.
    """

    _CELL = re.compile(rb'<(?:\w+:)?c\b([^>]*\bt="e"[^>]*)>(.*?)</(?:\w+:)?c>', re.DOTALL)
    _PLACE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
    _VALUE = re.compile(rb"<(?:\w+:)?v>([^<]*)<")

    def __init__(self, path: str, name: str) -> None:
        super().__init__(daemon=True)
        self._path, self._name = path, name
        self.found: dict[int, dict[int, str]] = {}
        self.count = 0

    def run(self) -> None:
        """Look through the sheet's part of the workbook; the kinds of spreadsheet that are no XLSX have none."""
        try:
            with zipfile.ZipFile(self._path) as packed:
                part = _part_of(packed, self._name)
                if part:
                    with packed.open(part) as file:
                        self._look(iter(lambda: file.read(PIECE), b""))
        except (zipfile.BadZipFile, KeyError, ET.ParseError, EOFError, OSError, ValueError):
            return  # what cannot be read here, the reader beside will refuse

    def _look(self, pieces: Iterator[bytes]) -> None:
        held = b""
        for piece in pieces:
            held += piece
            if b't="e"' in held:
                for cell in self._CELL.finditer(held):
                    self._take(cell.group(1), cell.group(2))
            # A cell that is cut here begins behind the last one that has ended.
            held = held[max(held.rfind(b"</c>"), held.rfind(b":c>"), len(held) - PIECE) :]

    def _take(self, attributes: bytes, content: bytes) -> None:
        place, value = self._PLACE.search(attributes), self._VALUE.search(content)
        if place and value:
            column = 0
            for letter in place.group(1):
                column = 26 * column + letter - 64
            self.count += 1
            self.found.setdefault(int(place.group(2)) - 1, {})[column - 1] = value.group(1).decode()


def _part_of(packed: zipfile.ZipFile, name: str) -> str:
    """Return the name of the part of an XLSX that holds a sheet; nothing where there is none of that name."""
    if "xl/workbook.xml" not in packed.namelist():
        return ""
    # Whatever entities these two could hold, the process that reads them has its limits.
    targets = {node.get("Id"): node.get("Target", "") for node in ET.fromstring(packed.read(_RELATIONS))}  # noqa: S314
    for node in ET.fromstring(packed.read("xl/workbook.xml")).iter():  # noqa: S314
        if node.tag.endswith("}sheet") and node.get("name") == name:
            of = next((value for key, value in node.items() if key.endswith("}id")), "")
            target = targets.get(of, "")
            return target[1:] if target.startswith("/") else f"xl/{target}"
    return ""


_RELATIONS = "xl/_rels/workbook.xml.rels"


def _with_errors(found: Iterable[list[Any]], errors: dict[int, dict[int, str]], first: int) -> Iterable[list[Any]]:
    """Put the errors in their places; `first` is the column of the first cell."""
    return _patched(found, errors, first) if errors else found


def _patched(found: Iterable[list[Any]], errors: dict[int, dict[int, str]], first: int) -> Iterator[list[Any]]:
    for number, row in enumerate(found):
        for column, error in errors.get(number, {}).items():
            if 0 <= column - first < len(row):
                row[column - first] = error
        yield row


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
