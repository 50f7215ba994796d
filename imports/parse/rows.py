"""The rows of a file, with the numbers that a spreadsheet shows for them. Memory does not grow with the file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import IO, Any, Self, cast

import runs.cells  # noqa: F401 - with it comes the reader's limit
from imports.parse.reading import Reading, Unreadable

CHUNK = 128 * 1024  # bytes decoded at a time
LONGEST_LINE = 1024 * 1024  # bytes
MOST_COLUMNS = 1000
BATCH = 2048  # rows handed on at a time

# The columns that a file of faulty rows has besides its own: known again, and never taken for the file's.
REASON_TITLES = ("Consent Desk: row", "Consent Desk: what is wrong")

_END = "\0end\0"  # a line of our own behind the last: it comes out alone only if every record before it has ended
_LINE_END = re.compile(r"\r\n|\r|\n")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE)


class Records:
    """Every record of a file in turn, blank lines as empty lists. A line `sep=;` speaks to spreadsheets; it is none.

    Raises Unreadable, with the line where reading ended.
    """

    def __init__(self, file: IO[bytes], reading: Reading) -> None:
        self._text = io.TextIOWrapper(cast(Any, _Measured(file)), encoding=reading.encoding, newline="")
        self._text._CHUNK_SIZE = CHUNK  # type: ignore[attr-defined]  # the default is a page of memory
        self._reading = reading
        self._reader: Any = None
        self.row = 0  # how many were given out

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._text.detach()  # the file is its opener's to close

    def take(self, count: int) -> list[list[str]]:
        """Return the next records, fewer at the end."""
        try:
            self._reader = self._reader or self._begin()
            found = list(islice(self._reader, count))
            self._end(found)
        except UnicodeDecodeError as error:
            # What was decoded before is given out by now, so the lines of the piece that failed come next.
            raise Unreadable("wrong_encoding", line=self._line + error.object.count(b"\n", 0, error.start)) from None
        except (UnicodeError, csv.Error, _TooLong) as error:
            raise Unreadable(_code(error), line=self._line) from None
        self.row += len(found)
        return found

    def _end(self, found: list[list[str]]) -> None:
        """Take away what marks the file's end. Raises Unreadable where it has become a part of the last record."""
        if found and found[-1] == [_END]:
            found.pop()
        elif found and found[-1] and found[-1][-1].endswith(_END):
            # A quotation mark that is never closed makes one cell of all the rows behind it.
            cells = "\0".join(found[-1]).removesuffix(_END)
            lines = len(_LINE_END.findall(cells)) + (not cells.endswith(("\n", "\r")))
            raise Unreadable("not_a_table", line=self._line - 1 - lines)

    def _begin(self) -> Any:
        first = self._text.readline()
        lines = chain([] if _SEPARATOR_LINE.fullmatch(first) else [first], self._text, [_END])
        if self._reading.quote:
            return csv.reader(lines, delimiter=self._reading.delimiter, quotechar=self._reading.quote)
        return csv.reader(lines, delimiter=self._reading.delimiter, quoting=csv.QUOTE_NONE)

    @property
    def _line(self) -> int:
        return 1 + (self._reader.line_num if self._reader else 0)


def batches(file: IO[bytes], reading: Reading) -> Iterator[tuple[Sequence[int], list[list[str]]]]:
    """Yield the rows after the header, many at a time, with their numbers; blank lines count and are left out.

    Raises Unreadable.
    """
    with Records(file, reading) as records:
        records.take(reading.header_row)
        while True:
            number = records.row + 1
            batch = records.take(BATCH)
            if not batch:
                return
            numbers: Sequence[int] = range(number, number + len(batch))
            if not all(batch):
                numbers = [at for at, row in zip(numbers, batch, strict=True) if row]
                batch = list(filter(None, batch))
            if batch:
                yield numbers, batch


def rows(file: IO[bytes], reading: Reading) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows after the header with their numbers. Raises Unreadable."""
    for numbers, batch in batches(file, reading):
        yield from zip(numbers, batch, strict=True)


def head(file: IO[bytes], reading: Reading, count: int = 10) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the titles of the columns and the first rows with their numbers.

    Raises Unreadable: `empty`, `header_only`, `too_many_columns`, or what reading raises.
    """
    with Records(file, reading) as records:
        before = records.take(reading.header_row)
        if len(before) < reading.header_row:
            raise Unreadable("empty")
        header = before[-1] if before else []
        first = [(row, record) for row, record in enumerate(records.take(count), reading.header_row + 1) if record]
    if not first:
        raise Unreadable("header_only" if header else "empty")
    # Without a header the first rows say how many columns there are; with one, the header does.
    width = len(header) or max(len(record) for _row, record in first)
    if width > MOST_COLUMNS:
        raise Unreadable("too_many_columns", columns=width, most=MOST_COLUMNS)
    return titles([*header, *[""] * (width - len(header))]), first


def titles(header: Iterable[str]) -> list[str]:
    """Return the titles of columns, each once: an empty one is called by its letter, one that stands twice is numbered.

    The vendor finds columns by their titles, so no two may have the same.
    """
    found: list[str] = []
    seen: set[str] = set()
    for index, given in enumerate(header):
        title = wanted = " ".join(given.replace("\0", "").split()) or f"Column {letter(index)}"
        number = 1
        while title in seen:
            number += 1
            title = f"{wanted} ({number})"
        seen.add(title)
        found.append(title)
    return found


def letter(index: int) -> str:
    """Return what a spreadsheet calls a column: A for 0, AA for 26."""
    found, index = "", index + 1
    while index:
        index, rest = divmod(index - 1, 26)
        found = chr(65 + rest) + found
    return found


def is_reason(title: str) -> bool:
    """Say whether a column is one of those that a file of faulty rows was given by us."""
    return title in REASON_TITLES


class _TooLong(Exception):
    """A line has no end within what a line may be."""


class _Measured(io.RawIOBase):
    """The bytes of a file, as long as its lines end: one is never read whole to find out how long it is."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._since = file, 0

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        self._since = self._since + len(chunk) if last < 0 else len(chunk) - last
        if self._since > LONGEST_LINE:
            raise _TooLong
        return chunk


def _code(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "wrong_encoding"
    return "line_too_long" if isinstance(error, _TooLong) or "limit" in str(error) else "not_a_table"
