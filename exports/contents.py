"""What stands in an export file: rows of one width, and how many say what. No Django; flat memory.

Rows without a quotation mark are split, which is several times faster than reading them (exports/rows.py). Whatever
does not come out even is read by Python's own reader from the beginning of the block, so that it has the last word.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import reduce
from itertools import compress
from operator import add
from typing import Any

from exports import rows as csv_rows
from exports.rows import BOM, LONGEST_ROW
from exports.spec import Column

TEXT = 32 * 1024  # bytes decoded at a time: four times faster than a whole block, whose text needs fresh memory pages


class NotAsPromised(Exception):
    """The file is not what was asked for. `code` and `facts` say where and how, never with a cell's own text."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass
class Counts:
    """How many rows say what. Keys are column titles."""

    rows: int = 0
    consented: dict[str, int] = field(default_factory=dict)  # rows with a filled cell, per consent column
    contactable: int = 0  # rows with a filled cell in at least one consent column
    members: dict[str, int] = field(default_factory=dict)  # rows that say 1, per segment column
    member_of_any: int = 0  # rows that say 1 in at least one segment column
    contactable_members: int = 0  # rows that are both
    filled: dict[str, int] = field(default_factory=dict)  # rows with a filled cell, per attribute column

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def count(chunks: Iterable[bytes], columns: Iterable[Column]) -> tuple[list[str], Counts]:
    """Read the bytes of a CSV file to their end; return the header and what was counted.

    Columns are found by title, in whatever order the file has them: the vendor's order is not documented. A byte order
    mark is dropped. Raises NotAsPromised for an empty file, text that is not UTF-8, a missing column, a title that
    stands twice, a row of another width or without end.
    """
    table, blocks = _Table(columns), csv_rows.Blocks(chunks)
    try:
        for block in blocks:
            blocks.taken(table.take(block, is_last=blocks.is_last))
    except csv_rows.RowTooLong:
        raise NotAsPromised("line_too_long", most=LONGEST_ROW) from None
    if not table.header:
        raise NotAsPromised("file_empty")
    return table.header, table.counts


class _Table:
    """What has been read so far: whole rows, block by block."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self.header: list[str] = []
        self.counts = Counts()
        self._columns = list(columns)
        self._places: dict[str, dict[str, int]] = {}
        self._lines = 0

    def take(self, block: bytes, *, is_last: bool) -> int:
        """Count the rows of a block of whole lines; return how many bytes they were, without a row left open."""
        if not self._lines and block.startswith(BOM):
            return len(BOM) + self.take(block[len(BOM) :], is_last=is_last)
        self._check_text(block)
        done = self._take_split(block) or self._take_read(block, is_last)
        self._lines += block.count(b"\n", 0, done)
        return done

    def _check_text(self, block: bytes) -> None:
        at = 0
        while at < len(block):
            is_end = at + TEXT >= len(block)
            try:
                # Without the end, a letter that is cut in two is left for the next piece.
                at += codecs.utf_8_decode(block[at : at + TEXT], "strict", is_end)[1]
            except UnicodeDecodeError as error:
                line = self._lines + block.count(b"\n", 0, at + error.start) + 1
                raise NotAsPromised("not_utf8", line=line) from None

    # ── Rows without a quotation mark, and the few with one ──────────────────────────────────────────────────────

    def _take_split(self, block: bytes) -> int:
        """Count the rows of a block; return its length, or 0 where anything about it is unusual.

        The header is the reader's, and so is a single column, where an empty line and an empty cell look alike.
        """
        parts = csv_rows.parts(block) if len(self.header) > 1 else None
        if parts is None:
            return 0
        quoted = [row for row in parts if isinstance(row, list)]
        plain = b"".join(lines for lines in parts if isinstance(lines, bytes))
        if b"\r" in plain:
            plain = plain.replace(b"\r\n", b"\n")
        if plain and not plain.endswith(b"\n"):
            plain += b"\n"
        width, rows = len(self.header), plain.count(b"\n")
        # Each line end becomes a cell of its own. When these stand at every (width + 1)th place, all rows are as wide
        # as the header.
        cells = plain.replace(b"\n", b",\n,").split(b",")
        is_even = len(cells) == rows * (width + 1) + 1 and cells[width :: width + 1].count(b"\n") == rows
        if b"\r" in plain or not is_even or any(len(row) != width for row in quoted):
            return 0
        self._tally(rows, lambda at: cells[at :: width + 1], b"", b"1")
        self._tally(len(quoted), lambda at: [row[at] for row in quoted], "", "1")
        return len(block)

    # ── All others ───────────────────────────────────────────────────────────────────────────────────────────────

    def _take_read(self, block: bytes, is_last: bool) -> int:
        """Let the reader have the whole block; return the length of the rows that it could end."""
        try:
            rows, ended = csv_rows.read(block, is_last=is_last)
        except csv_rows.Unreadable as error:
            raise NotAsPromised("row_unreadable", line=self._lines + error.line) from None
        if rows and not self.header:
            self._begin(rows.pop(0))
        self._check_widths(rows)
        self._tally(len(rows), lambda at: [row[at] for row in rows], "", "1")
        return ended

    def _begin(self, header: list[str]) -> None:
        if not header:
            raise NotAsPromised("file_empty")
        if "\0" in "".join(header):
            # Python's reader takes it, and no database does: the titles are kept.
            raise NotAsPromised("row_unreadable", line=1)
        self.header, self._places = header, _places(header, self._columns)
        self.counts.consented = dict.fromkeys(self._places["consent"], 0)
        self.counts.members = dict.fromkeys(self._places["segment"], 0)
        self.counts.filled = dict.fromkeys(self._places["attribute"], 0)

    def _check_widths(self, rows: list[list[str]]) -> None:
        width = len(self.header)
        for at, row in enumerate(rows):
            if len(row) != width:
                # Counted as a spreadsheet counts: the header is row 1.
                number = self.counts.rows + at + 2
                raise NotAsPromised("row_of_other_width", row=number, cells=len(row), width=width)

    def _tally(self, rows: int, column: Callable[[int], Sequence[Any]], empty: Any, one: Any) -> None:
        """Add rows to the counts, column by column: a column's `count` runs in C, a loop over cells does not."""
        counts, places = self.counts, self._places
        if not rows:
            return
        counts.rows += rows
        for title, at in places["attribute"].items():
            counts.filled[title] += rows - column(at).count(empty)
        joined: Sequence[Any] = ()  # the consent cells of each row, one after another
        if places["consent"]:
            cells = {title: column(at) for title, at in places["consent"].items()}
            for title, those in cells.items():
                counts.consented[title] += rows - those.count(empty)
            joined = reduce(lambda some, more: list(map(add, some, more)), cells.values())
            counts.contactable += rows - joined.count(empty)
        if places["segment"]:
            cells = {title: column(at) for title, at in places["segment"].items()}
            for title, those in cells.items():
                counts.members[title] += those.count(one)
            marks = [one in these for these in zip(*cells.values(), strict=True)]
            counts.member_of_any += marks.count(True)
            said = list(compress(joined, marks))
            counts.contactable_members += len(said) - said.count(empty)


def _places(header: list[str], columns: Iterable[Column]) -> dict[str, dict[str, int]]:
    """Return {title: index} of the columns of each kind."""
    twice = sorted({title for title in header if header.count(title) > 1})
    if twice:
        raise NotAsPromised("column_twice", columns=twice)
    at = {title: index for index, title in enumerate(header)}
    # What the vendor calls its first column is not documented, so only the others are looked for.
    wanted = [column for column in columns if column.kind != "key"]
    missing = [column.title for column in wanted if column.title not in at]
    if missing:
        raise NotAsPromised("column_missing", columns=missing)
    kinds = ("consent", "attribute", "tag", "segment")
    return {kind: {column.title: at[column.title] for column in wanted if column.kind == kind} for kind in kinds}
