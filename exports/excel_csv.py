"""A CSV file as Excel opens it by a double click: semicolons, a mark, no cell that begins a formula. No Django.

Excel where a comma is the decimal mark wants semicolons, and takes a file for Windows-1252 unless it begins with a
mark. A cell that would be a formula gets an apostrophe before it; a number or a phone number is none.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from exports import rows as csv_rows
from exports.rows import BOM

# What follows a sign in a number or a phone number. Anything else behind a sign is a formula to Excel.
_NUMBER = r"[0-9 .,()/\-]*[0-9][0-9 .,()/\-]*(?:[eE][+\-]?[0-9]+)?"
_FORMULA = re.compile(rf"[=@\t\r]|[+\-](?!{_NUMBER}\Z)")
# The same in the middle of a block, where a comma or a line end ends a cell.
_IN_BLOCK = re.compile(rb"(^|[,\n])(?=[=@\t]|[+\-](?!%s(?:[,\n])))" % _NUMBER.replace(",", "").encode())
_STARTS = tuple(at + sign for at in (b",", b"\n") for sign in (b"=", b"@", b"\t", b"+", b"-"))


@dataclass
class Made:
    """What was written: rows below the header, and cells that got an apostrophe."""

    rows: int = 0
    guarded: int = 0


def write(chunks: Iterable[bytes], write: Callable[[bytes], object], *, alive: Callable[[int], None]) -> Made:
    """Hand a verified CSV file to `write`, piece by piece, as Excel opens it. `alive(rows)` may raise to stop."""
    made = Made()
    write(BOM)
    pieces = csv_rows.of(chunks)
    for header in pieces:
        write(_line(_guarded(header if isinstance(header, list) else [], made)))
        break
    for piece in pieces:
        write(_block(piece, made) if isinstance(piece, bytes) else _line(_guarded(piece, made)))
        made.rows += piece.count(b"\n") if isinstance(piece, bytes) else 1
        alive(made.rows)
    return made


def _block(lines: bytes, made: Made) -> bytes:
    """Turn rows without a quotation mark."""
    if b";" in lines:
        return b"".join(_line(_guarded(line.split(","), made)) for line in lines[:-1].decode().split("\n"))
    if lines[:1] in b"=@\t+-" or any(start in lines for start in _STARTS):
        lines, guarded = _IN_BLOCK.subn(rb"\1'", lines)
        made.guarded += guarded
    return lines.replace(b",", b";").replace(b"\n", b"\r\n")


def _guarded(cells: list[str], made: Made) -> Iterator[str]:
    for cell in cells:
        if _FORMULA.match(cell):
            made.guarded += 1
            yield f"'{cell}"
        else:
            yield cell


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()
