"""What stands in each column of a file, in figures: never a cell's own text. No Django; flat memory.

A column of few different values is tallied, and each value looked at once, at the end. One of many is looked at a
block at a time, all its cells joined, so that what is looked for runs in C.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from exports.excel_csv import NUMBER
from exports.rows import Piece

MOST_DISTINCT = 1_000  # values that are told apart in a column; beyond, there are “more than” that
TALLIED = 64  # bytes of a cell that is tallied by itself; of a longer one its hash is
FEW = 3  # values for which counting each is faster than a table of all
QUOTED_AT_ONCE = 100_000  # letters of rows with quotation marks that are gathered

_YEAR, _PART = r"(?:1[89]|2[01])[0-9]{2}", r"(?:3[01]|[12][0-9]|0?[1-9])"
_DAY = rf"(?:{_YEAR}[-./]{_PART}[-./]{_PART}|{_PART}[-./]{_PART}[-./](?:{_YEAR}|[0-9]{{2}}))"
_TIME = r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?:Z|[+\-][0-9]{2}:?[0-9]{2})?"
# A line end that belongs to a cell is written as a byte that UTF-8 has not.
_END, _WITHIN = b"\n", b"\xff"
# The first thing that each asks for is what most cells do not have.
LOOKS = {
    "emails": r"[^\s@\xff]++@[^\s@\xff]+\.[^\s@\xff.]+",
    # Eight to fifteen digits, as people and machines write them; a day of the calendar is none.
    "phones": (
        rf"(?=[+(0-9][0-9 ()/\-]{{7,}}+\n)"
        rf"\+?(?:[0-9]{{8,15}}(?=\n)|(?!{_DAY}\n)\(?[0-9](?:[ ()/\-]{{0,2}}[0-9]){{7,14}})"
    ),
    "dates": rf"(?=[0-9]{{1,4}}[-./]){_DAY}(?:{_TIME})?",
    "formulas": rf"(?:[=@\t\r]|[+\-](?!{NUMBER}\n))[^\n]*",
}
_PATTERNS = {name: re.compile(rf"\n{look}(?=\n)".encode("latin-1")) for name, look in LOOKS.items()}


class NotAsVerified(Exception):
    """The rows are not as wide as the header: the file has changed since it was verified."""


@dataclass
class Figures:
    """What stands in one column. `distinct` counts different filled cells, up to MOST_DISTINCT; `longest`, letters."""

    filled: int = 0
    empty: int = 0
    distinct: int = 0
    is_more: bool = False  # there are more than MOST_DISTINCT
    longest: int = 0
    emails: int = 0
    phones: int = 0
    dates: int = 0
    formulas: int = 0

    def to_json(self) -> dict[str, int | bool]:
        return asdict(self)


def take(pieces: Iterator[Piece]) -> list[Figures]:
    """Read a file to its end; return the figures of each column, in the file's order. Raises NotAsVerified."""
    header = next(pieces, [])
    assert isinstance(header, list)
    width = len(header)
    columns = [_Column() for _title in header]
    for piece in _batched(pieces):
        if isinstance(piece, bytes):
            cells = piece[:-1].replace(b"\n", b",").split(b",")
            if len(cells) != width * piece.count(b"\n"):
                raise NotAsVerified
            for at, column in enumerate(columns):
                column.take(cells[at::width])
        else:
            if any(len(row) != width for row in piece):
                raise NotAsVerified
            for at, column in enumerate(columns):
                column.take([row[at].encode().replace(_END, _WITHIN) for row in piece])
    return [column.figures() for column in columns]


def _batched(pieces: Iterable[Piece]) -> Iterator[bytes | list[list[str]]]:
    """Pass on rows without a quotation mark as they are, and the others many at a time."""
    quoted: list[list[str]] = []
    letters = 0
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        quoted.append(piece or [""])
        letters += sum(map(len, piece))
        if letters > QUOTED_AT_ONCE or len(quoted) > QUOTED_AT_ONCE // 100:
            yield quoted
            quoted, letters = [], 0
    if quoted:
        yield quoted


class _Column:
    """One column, so far. While its values are few they are tallied; then they are looked at as they come."""

    def __init__(self) -> None:
        self._found = Figures()
        self._tally: Counter[bytes | int] | None = Counter()

    def take(self, cells: list[bytes]) -> None:
        if self._tally is None:
            self._look(cells)
            return
        if len(self._tally) <= FEW and self._tally_few(self._tally, cells):
            return
        if max(map(len, cells)) > TALLIED:
            long = [cell for cell in cells if len(cell) > TALLIED]
            self._look(long)
            self._tally.update(map(hash, long))
            cells = [cell for cell in cells if len(cell) <= TALLIED]
        self._tally.update(cells)
        if len(self._tally) > MOST_DISTINCT + 1:  # the empty cell is no value
            self._end_tally()

    @staticmethod
    def _tally_few(tally: Counter[bytes | int], cells: list[bytes]) -> bool:
        """Tally cells that hold one of the few values seen so far, each by a count; return False where another is."""
        times = {value: cells.count(value) for value in tally if isinstance(value, bytes)}
        if sum(times.values()) != len(cells):
            return False
        tally.update(times)
        return True

    def _end_tally(self) -> None:
        tally, self._tally = self._tally, None
        assert tally is not None
        values = len(tally) - (b"" in tally)
        self._found.distinct, self._found.is_more = min(values, MOST_DISTINCT), values > MOST_DISTINCT
        for value, times in tally.items():
            if isinstance(value, bytes):
                self._look([value], times)

    def _look(self, cells: Sequence[bytes], times: int = 1) -> None:
        """Look at cells, each of which stands there so many times."""
        found, empty = self._found, cells.count(b"")
        found.empty += times * empty
        found.filled += times * (len(cells) - empty)
        if max(map(len, cells)) > found.longest:  # bytes, of which a character has one or more
            longer = (len(cell.decode(errors="replace")) for cell in cells if len(cell) > found.longest)
            found.longest = max(found.longest, *longer)
        if empty == len(cells):
            return
        joined = b"\n%b\n" % b"\n".join(cells)
        found.emails += times * len(_PATTERNS["emails"].findall(joined)) if b"@" in joined else 0
        found.phones += times * len(_PATTERNS["phones"].findall(joined))
        found.dates += times * len(_PATTERNS["dates"].findall(joined))
        found.formulas += times * len(_PATTERNS["formulas"].findall(joined))

    def figures(self) -> Figures:
        if self._tally is not None:
            self._end_tally()
        return self._found
