"""Rows of two cells or more, each a line of CSV, and how many at a time become pieces (exports/rows.py)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from exports.rows import Piece

BLOCK = 64 * 1024  # letters that are gathered
_CELLS = re.compile(r'"([^"]*+(?:""[^"]*+)*+)"[,\n]|([^,\n]*+)[,\n]').findall


def quoted(cell: str) -> str:
    """Return a cell as a row of CSV has it."""
    return '"' + cell.replace('"', '""') + '"' if _needs_marks(cell) else cell


def all_quoted(cells: Sequence[str]) -> Sequence[str]:
    """Return cells as rows of CSV have them: in most columns none needs quotation marks, and one look tells."""
    if not _needs_marks("".join(cells)):
        return cells
    known = {cell: quoted(cell) for cell in set(cells)}
    return [known[cell] for cell in cells]


def _needs_marks(text: str) -> bool:
    return "," in text or '"' in text or "\n" in text or "\r" in text


def pieces(lines: Sequence[str], *, with_marks: bool) -> Iterator[Piece]:
    """Yield lines, each ending in a line feed, in order: those without a quotation mark many at a time.

    `with_marks` is for who only writes them to a file of CSV, and lets those with quotation marks be among the others.
    """
    block = "".join(lines)
    # Whoever counts the rows of a piece counts line feeds, so there must be none within a cell.
    if block.count("\n") == len(lines) if with_marks else '"' not in block:
        yield block.encode()
        return
    for has_marks, some in groupby(lines, lambda line: '"' in line):
        if has_marks:
            yield from map(_cells, some)
        else:
            yield "".join(some).encode()


def gathered(lines: Iterable[str], *, with_marks: bool) -> Iterator[Piece]:
    """Yield the pieces of lines of any number, a block at a time."""
    block: list[str] = []
    letters = 0
    for line in lines:
        block.append(line)
        letters += len(line)
        if letters > BLOCK:
            yield from pieces(block, with_marks=with_marks)
            block, letters = [], 0
    if block:
        yield from pieces(block, with_marks=with_marks)


def _cells(line: str) -> list[str]:
    return [inner.replace('""', '"') or outer for inner, outer in _CELLS(line)]
