"""A CSV file as Excel opens it by a double click: semicolons, a mark, no cell that begins a formula. No Django.

Excel where a comma is the decimal mark wants semicolons, and takes a file for Windows-1252 unless it begins with a
mark. A cell that would be a formula gets an apostrophe before it; a number or a phone number is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from exports.rows import BOM, Piece, line, many

# What follows a sign in a number or a phone number. Anything else behind a sign is a formula to Excel.
# Read once from its start to its end, however long it goes on.
NUMBER = r"(?=[ .,()/\-]*[0-9])[0-9 .,()/\-]++(?:[eE][+\-]?[0-9]+)?"
_FORMULA = re.compile(rf"[=@\t\r]|[+\-](?!{NUMBER}\Z)")
# The same in the middle of a block, where a comma or a line end ends a cell.
_IN_BLOCK = re.compile(rb"(^|[,\n])(?=[=@\t]|[+\-](?!%s(?:[,\n])))" % NUMBER.replace(",", "").encode())
_STARTS = tuple(at + sign for at in (b",", b"\n") for sign in (b"=", b"@", b"\t", b"+", b"-"))


@dataclass
class Made:
    """What was written: rows below the header, and cells that got an apostrophe."""

    rows: int = 0
    guarded: int = 0


def write(pieces: Iterator[Piece], to: IO[bytes]) -> Made:
    """Write the rows of a file as Excel opens them, the header first."""
    made = Made(rows=-1)
    to.write(BOM)
    for piece in pieces:
        to.write(_block(piece, made) if isinstance(piece, bytes) else _row(piece, made))
        made.rows += many(piece)
    return made


def _block(lines: bytes, made: Made) -> bytes:
    """Turn rows without a quotation mark."""
    if b";" in lines:
        return b"".join(_row(row.split(","), made) for row in lines[:-1].decode().split("\n"))
    if lines[:1] in b"=@\t+-" or any(start in lines for start in _STARTS):
        lines, guarded = _IN_BLOCK.subn(rb"\1'", lines)
        made.guarded += guarded
    return lines.replace(b",", b";").replace(b"\n", b"\r\n")


def _row(cells: Iterable[str], made: Made) -> bytes:
    return line([_guarded(cell, made) for cell in cells], delimiter=";", end="\r\n")


def _guarded(cell: str, made: Made) -> str:
    if not _FORMULA.match(cell):
        return cell
    made.guarded += 1
    return f"'{cell}"
