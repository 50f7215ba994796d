"""The rows of a CSV file, block by block: found by their line ends where that is right, read by Python's reader else.

Most rows have no quotation mark in them, and need no CSV reader: there a line end ends a row and a comma ends a cell.
No Django; flat memory.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import IO, Any

from runs.cells import LONGEST_CELL  # with it comes the reader's limit

LONGEST_ROW = 4 * 1024 * 1024  # bytes; the vendor's widest export, 75 attributes of 1,000 letters, has a tenth
MOST_LINES = 20  # of one quoted row, before the whole block goes to the reader
QUOTED = 100  # bytes for each quotation mark, at least, for parting to be the faster way
BOM = b"\xef\xbb\xbf"

# Some rows: bytes are whole rows without a quotation mark, each ending in a line feed; a list is the cells of one row.
Piece = bytes | list[str]


class RowTooLong(Exception):
    """A row that does not end within LONGEST_ROW."""


class Unreadable(Exception):
    """A row that Python's reader refuses; `line` counts from 1 within the block."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class Blocks:
    """Iterate over blocks of whole lines; after each, `taken` says how many of its bytes were rows that have ended.

    The others come again in the next block, with more behind them. Raises RowTooLong.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._held = b""
        self.is_last = False

    def __iter__(self) -> Iterator[bytes]:
        wanted = 0
        for chunk in self._chunks:
            self._held += chunk
            end = self._held.rfind(b"\n") + 1
            # A row that is larger than what is held is tried again with twice as much, so the work stays in proportion.
            if end and len(self._held) >= wanted:
                yield self._held[:end]
                wanted = 2 * len(self._held)
            if wanted > 2 * LONGEST_ROW or (not end and len(self._held) > LONGEST_ROW):
                raise RowTooLong
        self.is_last = True
        yield self._held

    def taken(self, length: int) -> None:
        self._held = self._held[length:]


def parts(block: bytes) -> list[Piece] | None:
    """Part a block in order: bytes are rows without a quotation mark, a list is the cells of one row with some.

    Return None where that would not be worth it, or not easy: most rows are quoted, or one goes on and on.
    """
    if len(block) > LONGEST_CELL or block.count(b'"') > len(block) // QUOTED:
        return None
    found: list[Piece] = []
    at = 0
    while (mark := block.find(b'"', at)) >= 0:
        start = block.rfind(b"\n", at, mark) + 1 or at
        end, row = _quoted_row(block, start, mark)
        if not row:
            return None
        found += (block[at:start], row)
        at = end
    found.append(block[at:])
    return found


def _quoted_row(block: bytes, start: int, end: int) -> tuple[int, list[str]]:
    """Read one row that has its first quotation mark at `end`; return where the next begins, and its cells if any."""
    for _ in range(MOST_LINES):
        end = block.find(b"\n", end) + 1 or len(block)
        try:
            return end, next(csv.reader([block[start:end].decode()], strict=True))
        except csv.Error:
            continue  # within the quotation marks a line end is a part of the cell
    return end, []


def read(block: bytes, *, is_last: bool) -> tuple[list[list[str]], int]:
    """Let the reader have a whole block; return its rows, and the bytes of those that have ended. Raises Unreadable."""
    lines = _lines_of(block)
    reader = csv.reader(lines, strict=True)
    rows: list[list[str]] = []
    ended = 0
    try:
        for row in reader:
            rows.append(row)
            ended = reader.line_num
    except csv.Error:
        # In the last line it may be a row that goes on in the next block.
        if is_last or next(lines, None) is not None:
            raise Unreadable(reader.line_num) from None
    return rows, len(block) if ended == reader.line_num else _length(block, ended)


def _length(block: bytes, lines: int) -> int:
    """Return the bytes of the first lines of a block, as the reader counts lines."""
    return sum(len(line.encode()) for line in islice(_lines_of(block), lines))


def _lines_of(block: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(block), encoding="utf-8", newline="")


def of(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Yield a verified file in order: the header as a list, then runs of plain rows and rows with quotation marks."""
    blocks, header = Blocks(chunks), False
    for block in blocks:
        if not header:
            skipped = len(BOM) if block.startswith(BOM) else 0
            first, length = _first(block[skipped:], is_last=blocks.is_last)
            if not first:
                blocks.taken(skipped)
                continue
            yield first
            header = True
            blocks.taken(skipped + length)
            block = block[skipped + length :]
        yield from _in_order(blocks, block)


def _first(block: bytes, *, is_last: bool) -> tuple[list[str], int]:
    """Return the first row of a block and its length in bytes; nothing while it has not ended. Raises Unreadable."""
    reader = csv.reader(_lines_of(block), strict=True)
    try:
        row = next(reader, [])
    except csv.Error:
        if is_last:
            raise Unreadable(reader.line_num) from None
        return [], 0
    return row, _length(block, reader.line_num)


def _in_order(blocks: Blocks, block: bytes) -> Iterator[Piece]:
    parted = parts(block)
    if parted is None or any(isinstance(part, bytes) and b"\r" in part.replace(b"\r\n", b"") for part in parted):
        rows, length = read(block, is_last=blocks.is_last)
        blocks.taken(length)
        yield from rows
        return
    blocks.taken(len(block))
    for part in parted:
        if isinstance(part, list):
            yield part
        elif part:
            lines = part.replace(b"\r\n", b"\n")
            yield lines if lines.endswith(b"\n") else lines + b"\n"


def many(piece: Piece) -> int:
    """Return how many rows a piece is."""
    return piece.count(b"\n") if isinstance(piece, bytes) else 1


def line(cells: Iterable[str], *, delimiter: str = ",", end: str = "\n") -> bytes:
    """Write one row, with quotation marks where it needs them."""
    text: str = _writer(delimiter).writerow(cells)
    return (text.removesuffix("\r\n") + end).encode()


class _Handed:
    """A file that hands back what is written to it, as csv's writer then does too."""

    def write(self, text: str) -> str:
        return text


@cache
def _writer(delimiter: str) -> Any:
    # Only with its own line end does the writer know that a carriage return needs marks.
    return csv.writer(_Handed(), delimiter=delimiter)


def write(pieces: Iterable[Piece], to: IO[bytes]) -> int:
    """Write pieces as a CSV file, the header first; return how many rows came below it."""
    rows = -1
    for piece in pieces:
        to.write(piece if isinstance(piece, bytes) else line(piece))
        rows += many(piece)
    return max(0, rows)


def picked(pieces: Iterable[Piece], *places: int) -> Iterator[list[str]]:
    """Yield the cells at some places, row by row."""
    for piece in pieces:
        if isinstance(piece, list):
            yield [piece[place] for place in places]
            continue
        # A line feed alone ends a row here; `splitlines` would part a cell at signs that Unicode calls ends.
        for line in piece.decode().removesuffix("\n").split("\n"):
            row = line.split(",")
            yield [row[place] for place in places]
