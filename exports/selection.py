"""Some rows of a file and no others: those that say yes where somebody has chosen to look. No Django.

The rows stay as they are, cell by cell, in their order, below the same header.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

from exports.rows import Piece


@dataclass(frozen=True)
class Contactable:
    """People with consent in at least one of these columns who are members of at least one of these segments.

    Both by title. Without segments, membership is not asked about.
    """

    consents: tuple[str, ...]
    segments: tuple[str, ...] = ()


class ColumnsMissing(Exception):
    """The file has no column of a title that was chosen."""


def contactable(pieces: Iterator[Piece], choice: Contactable) -> Iterator[Piece]:
    """Yield the header and those rows alone. Raises ColumnsMissing."""
    header = next(pieces, [])
    assert isinstance(header, list)
    if missing := {*choice.consents, *choice.segments} - {*header}:
        raise ColumnsMissing(sorted(missing))
    consents = [header.index(title) for title in choice.consents]
    segments = [header.index(title) for title in choice.segments]
    yield header
    for piece in pieces:
        if isinstance(piece, bytes):
            if kept := _kept(piece, len(header), consents, segments):
                yield kept
        elif _says_yes(piece, consents, segments):
            yield piece


def _kept(lines: bytes, width: int, consents: Sequence[int], segments: Sequence[int]) -> bytes:
    """Return those of some rows, column by column: what runs over columns runs in C."""
    rows = lines.split(b"\n")[:-1]
    # A line end is a cell's end too, so every column is every `width`th cell.
    cells = lines[:-1].replace(b"\n", b",").split(b",")
    wanted = _any(cells[at::width] for at in consents)
    if segments:
        member = _any([cell == b"1" for cell in cells[at::width]] for at in segments)
        wanted = [consent and one for consent, one in zip(wanted, member, strict=True)]
    kept = list(compress(rows, wanted))
    return b"\n".join(kept) + b"\n" if kept else b""


def _any(columns: Iterable[Sequence[object]]) -> Sequence[object]:
    """Return, row by row, whether any of the columns says something."""
    first, *others = columns
    for other in others:
        first = [one or another for one, another in zip(first, other, strict=True)]
    return first


def _says_yes(cells: Sequence[str], consents: Sequence[int], segments: Sequence[int]) -> bool:
    has_consent = any(cells[at] for at in consents)
    return has_consent and (not segments or any(cells[at] == "1" for at in segments))
