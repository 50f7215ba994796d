"""The first rows of a run's file, to be looked at without taking it: read from its start, whatever its size."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from exports import figures, files, rows, sentences
from exports.contents import NotAsPromised
from exports.figures import FileColumn
from exports.models import ExportFile, ExportRun
from exports.rows import RowTooLong, Unreadable
from runs.models import Status

MOST_ROWS = 50
MOST_CELLS = 5_000  # of a page: where there are more than a hundred columns, fewer rows are shown
LONGEST = 120  # characters of a cell that are shown

# What cannot be seen and yet makes two cells differ. The others of its kind are shown by their number.
MARKS = {"\t": "⇥", "\n": "↵", "\r": "␍", " ": "␣"}
# These join letters and pictures, and nobody could read some languages without them.
JOINERS = "\u200c\u200d"
UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


class Damaged(Exception):
    """The bytes on the disk are not those that were verified. `why` is a word of DAMAGE."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Piece:
    """A part of a cell: text as it is, or a mark that stands for what cannot be seen."""

    text: str
    is_mark: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell as it is shown. `length` is that of the whole, in characters, where only its beginning is shown."""

    pieces: tuple[Piece, ...]
    kind: str = ""
    length: int = 0


@dataclass(frozen=True)
class Look:
    """The first rows of a file, below what each column means. Each has its number, as a spreadsheet counts."""

    columns: Sequence[tuple[FileColumn, Cell]]
    rows: Sequence[tuple[int, list[Cell]]]
    of: int
    is_cut: bool  # whether a cell is longer than is shown


@dataclass(frozen=True)
class Nothing:
    """Why there is nothing to look at, and what to do. `art` is a kind of templates/_parts/empty.html."""

    title: str
    text: str
    status: int
    art: str = "nothing"
    may_run_again: bool = False


def nothing(run: ExportRun, *, now: datetime) -> Nothing | None:
    """Say why a run has no rows to look at, by its row; None where it should have some."""
    if not run.is_over:
        text = _("Once it is fetched and verified, its first rows are shown here. The run’s page says how far it is.")
        return Nothing(_("This run’s file is not here yet."), text, 409)
    if run.status != Status.SUCCEEDED or run.file is None:
        return Nothing(_("This run brought no file."), _("Its page says why, and what to do."), 409, may_run_again=True)
    if not run.file.is_kept(now):
        text = _("Its rows went with it. Its figures and checksums are kept on the run’s page.")
        return Nothing(sentences.removal(run.file), text, 410, may_run_again=True)
    if not run.file.row_count:
        text = _("APSIS sent the columns and not one row. The run’s page says why that may be.")
        return Nothing(_("Nobody is in this file."), text, 200)
    return None


def unread() -> Nothing:
    """Say that a file of events came whole and cannot be read."""
    text = _("It came whole and is kept as it came. The run’s page says at which byte it stops being readable.")
    return Nothing(_("The JSON of this run cannot be read."), text, 409, "broken", may_run_again=True)


def damage(run: ExportRun, why: str) -> Nothing:
    """Say what is wrong with a file on our own disk, and what to do."""
    said = {
        "missing": _("Its bytes are not where this desk keeps them."),
        "disk": _("This desk’s disk would not read it."),
        "packed": _("It cannot be unpacked: its bytes are not those that came from APSIS."),
        "other": _("Its first rows are not those that were verified when it came."),
    }[why]
    to_do = _(
        "It was whole when it came, so something happened to it here. Do not use what you may have taken of it today; "
        "run again with today’s data, and tell an admin, quoting %(reference)s."
    ) % {"reference": reference(run)}
    return Nothing(_("The file is damaged on this desk’s disk."), f"{said} {to_do}", 409, "broken", may_run_again=True)


def reference(run: ExportRun) -> str:
    return f"file-of-run-{run.pk}"


def look(run: ExportRun) -> Look:
    """Return the first rows of a run's file. Raises Damaged."""
    assert run.file is not None
    found = figures.of(run)
    assert found is not None
    kinds = [column.kind for column in found.columns]
    shown = [
        (number, [cell(text, kind) for text, kind in zip(row, kinds, strict=True)])
        for number, row in enumerate(first(run.file), 2)
    ]
    return Look(
        [(column, cell(column.title)) for column in found.columns],
        shown,
        run.file.row_count,
        any(one.length for _number, cells in shown for one in cells),
    )


def first(file: ExportFile) -> list[list[str]]:
    """Return the first rows of a file as they are. Raises Damaged."""
    width = len(file.header)
    most = min(MOST_ROWS, max(1, MOST_CELLS // width), file.row_count)
    try:
        read = _rows(file, most)
    except FileNotFoundError:
        raise Damaged("missing") from None
    except OSError:
        raise Damaged("disk") from None
    except NotAsPromised:
        raise Damaged("packed") from None
    except (Unreadable, RowTooLong, UnicodeDecodeError):
        raise Damaged("other") from None
    if read[:1] != [file.header] or len(read) != most + 1 or any(len(row) != width for row in read):
        raise Damaged("other")
    return read[1:]


def _rows(file: ExportFile, most: int) -> list[list[str]]:
    """Return the header and so many rows, or as many as there are."""
    found: list[list[str]] = []
    for piece in rows.of(files.content(file)):
        found += _parted(piece, most + 1 - len(found))
        if len(found) > most:
            break
    return found


def _parted(piece: rows.Piece, most: int) -> list[list[str]]:
    if isinstance(piece, list):
        return [piece or [""]]  # the reader's word for an empty line, which in one column is an empty cell
    return [line.decode().split(",") for line in piece.split(b"\n", most)[:-1][:most]]


def cell(text: str, kind: str = "") -> Cell:
    """Return a cell as it is shown: not more than LONGEST characters of it, with marks for what cannot be seen."""
    shown = text[:LONGEST]
    inner = shown.strip(" ")
    before = len(shown) - len(shown.lstrip(" "))
    edges = " " * before if inner else shown
    after = " " * (len(shown) - before - len(inner)) if inner else ""
    pieces = (*_marked(edges), *_pieces(inner), *_marked(after))
    return Cell(pieces, kind, len(text) if len(text) > LONGEST else 0)


def _marked(text: str) -> tuple[Piece, ...]:
    return (Piece("".join(MARKS[letter] for letter in text), is_mark=True),) if text else ()


def _pieces(text: str) -> Iterator[Piece]:
    """Part a text where something unseen stands in it."""
    seen = ""
    for letter in text:
        if not is_unseen(letter):
            seen += letter
            continue
        if seen:
            yield Piece(seen)
            seen = ""
        yield Piece(MARKS.get(letter) or f"U+{ord(letter):04X}", is_mark=True)
    if seen:
        yield Piece(seen)


def is_unseen(letter: str) -> bool:
    """Say whether a letter would not be seen, or would turn the order of others."""
    return letter not in JOINERS and unicodedata.category(letter) in UNSEEN
