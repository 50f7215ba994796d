"""The second pass over a file: the rows that go, cut into parts that the vendor takes; the faulty ones put aside."""

from __future__ import annotations

import csv
import hashlib
import io
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import repeat
from typing import IO, Any, Self

from imports.parse.checking import FAULTY, GOING, GOOD, Cells, Checked, gc_at_rest
from imports.parse.plan import Plan
from imports.parse.reading import Reading
from imports.parse.rows import REASON_TITLES, batches, head, is_reason

Row = Sequence[str]


@dataclass(frozen=True)
class Part:
    """A part: its number from 1, its rows without the header, its bytes with it, their digest in hexadecimal."""

    number: int
    rows: int
    length: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """Write as a plain dict."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(**kept)


def split(
    file: IO[bytes],
    reading: Reading,
    plan: Plan,
    checked: Checked,
    *,
    limit: int,
    part: Callable[[int], IO[bytes]],
    numbers: Callable[[int], IO[bytes]],
    rejects: IO[bytes],
    say: Callable[[str, str], str],
    alive: Callable[[int], None] = lambda read: None,
) -> list[Part]:
    """Write the rows that go into parts of at most `limit` bytes, each with the header, and the faulty ones to
    `rejects`.

    A part is UTF-8 CSV with the columns of the plan. `part(n)` and `numbers(n)` open the files of the nth: its rows,
    and the number of each in the file (four bytes, this machine's order). Of each key one row goes at most, so no
    person is in two parts. `rejects` has the rows as they came, under their own titles, with why at the end, in words
    of `say(field, kind)`: corrected, it goes straight in again. Raises Unreadable, and what the files raise; ValueError
    where one row alone is over the limit.
    """
    titles = head(file, reading)[0]
    file.seek(0)
    cells = Cells(plan)
    indices = [target.index for target in plan.targets]
    ones = len(plan.given)
    fates, done = checked.fates, 0
    aside = _Rejects(rejects, reading, titles, plan, cells, say)
    with _Writer(plan.fields, limit, part, numbers) as writer, gc_at_rest():
        for at, batch in batches(file, reading):
            own = fates[done : done + len(batch)]
            done += len(batch)
            if any(own):
                aside.take(at, batch, own)
                kept = [
                    (number, [row[i] for i in indices] if fate == GOOD else _mended(row, plan, cells))
                    for number, row, fate in zip(at, batch, own, strict=True)
                    if fate in GOING
                ]
                at = [number for number, _row in kept]
                going: list[Row] = [[*row, *["1"] * ones] for _number, row in kept]
            else:
                columns = list(zip(*batch, strict=True))
                chosen: list[Any] = [columns[index] for index in indices]
                going = list(zip(*chosen, *(repeat("1", len(batch)) for _ in range(ones)), strict=True))
            if going:
                writer.put(at, going)
            alive(file.tell())
        return writer.parts


def _mended(row: list[str], plan: Plan, cells: Cells) -> list[str]:
    """Return a row's cells as they go: every fault in it can be mended or blanked."""
    return [
        cells.judge(target, row[target.index] if target.index < len(row) else "")[1] or "" for target in plan.targets
    ]


class _Writer:
    """Writes rows to the part that is open, and opens the next where it is full."""

    def __init__(
        self,
        fields: Sequence[str],
        limit: int,
        part: Callable[[int], IO[bytes]],
        numbers: Callable[[int], IO[bytes]],
    ) -> None:
        self._header, self._limit = _encoded([fields]), limit
        self._open_part, self._open_numbers = part, numbers
        self._file: IO[bytes] | None = None
        self._rows: IO[bytes] | None = None
        self.parts: list[Part] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def put(self, at: Sequence[int], rows: Sequence[Row]) -> None:
        """Write rows, as many as there is room for, the others to the next part."""
        encoded = _encoded(rows)
        if self._file is None or self._length + len(encoded) <= self._limit:
            if self._file is None:
                self._begin()
            if self._length + len(encoded) <= self._limit:
                return self._write(at, encoded, len(rows))
        if len(rows) > 1:
            half = len(rows) // 2
            self.put(at[:half], rows[:half])
            return self.put(at[half:], rows[half:])
        if self._length == len(self._header):
            raise ValueError(f"row {at[0]} alone is longer than a part may be")
        self._close()
        self.put(at, rows)

    def _begin(self) -> None:
        number = len(self.parts) + 1
        self._file, self._rows = self._open_part(number), self._open_numbers(number)
        self._digest, self._length, self._count = hashlib.sha256(self._header), len(self._header), 0
        self._file.write(self._header)

    def _write(self, at: Sequence[int], encoded: bytes, count: int) -> None:
        assert self._file is not None
        assert self._rows is not None
        self._file.write(encoded)
        self._digest.update(encoded)
        self._length += len(encoded)
        self._count += count
        self._rows.write(array("I", at).tobytes())

    def _close(self) -> None:
        if self._file is None or self._rows is None:
            return
        self._file.close()
        self._rows.close()
        self.parts.append(Part(len(self.parts) + 1, self._count, self._length, self._digest.hexdigest()))
        self._file = self._rows = None


class _Rejects:
    """Writes the faulty rows as they came, with why."""

    def __init__(
        self,
        file: IO[bytes],
        reading: Reading,
        titles: list[str],
        plan: Plan,
        cells: Cells,
        say: Callable[[str, str], str],
    ) -> None:
        self._file, self._delimiter = file, reading.delimiter
        self._plan, self._cells, self._say = plan, cells, say
        # What an earlier file of ours was given is not given twice.
        self._own = [index for index, title in enumerate(titles) if not is_reason(title)]
        self._width = len(titles)
        self._file.write(
            b"\xef\xbb\xbf" + _encoded([[*(titles[i] for i in self._own), *REASON_TITLES]], self._delimiter)
        )

    def take(self, at: Sequence[int], batch: list[list[str]], fates: bytes | bytearray) -> None:
        rows = [
            [*self._as_it_came(row), str(number), "; ".join(self._why(row)), *row[self._width :]]
            for number, row, fate in zip(at, batch, fates, strict=True)
            if fate == FAULTY
        ]
        if rows:
            self._file.write(_encoded(rows, self._delimiter))

    def _as_it_came(self, row: list[str]) -> list[str]:
        """Return a row's cells under the titles; what is beyond the header goes beyond it again, behind why."""
        return [row[index] if index < len(row) else "" for index in self._own]

    def _why(self, row: list[str]) -> Iterator[str]:
        if len(row) != self._width:
            yield self._say("", "too_many_cells" if len(row) > self._width else "too_few_cells")
        none = True
        for target in self._plan.targets:
            kind, sent, _ = self._cells.judge(target, row[target.index] if target.index < len(row) else "")
            if kind and sent is None:
                none = False
                yield self._say(target.field, kind)
        if none and len(row) == self._width:
            yield self._say(self._plan.key.field, "repeated")


def _encoded(rows: Sequence[Row], delimiter: str = ",") -> bytes:
    # Most rows hold nothing that needs quotes, and joining them is five times as quick as asking for each cell.
    width = len(rows[0])
    plain = "\n".join(map(delimiter.join, rows))
    if (
        width > 1
        and '"' not in plain
        and "\r" not in plain
        and plain.count("\n") == len(rows) - 1
        and plain.count(delimiter) == len(rows) * (width - 1)
    ):
        return plain.encode("utf-8", "replace") + b"\n"
    if "\r" in plain:
        # The writer takes a carriage return for a part of a cell like any other, and every reader for a row's end.
        return "".join(delimiter.join(map(_quoted, row)) + "\n" for row in rows).encode("utf-8", "replace")
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _quoted(cell: str) -> str:
    """Return a cell in quotation marks."""
    return '"' + cell.replace('"', '""') + '"'
