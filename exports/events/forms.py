"""The readable forms of a run's event exports: CSV, CSV for Excel, and one workbook. Each is one pass. No Django."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO

from exports import excel_csv, rows
from exports import workbook as xlsx
from exports.events.joining import Readable
from exports.events.names import Names
from exports.events.people import People
from exports.events.statistics import Statistics
from exports.events.tables import EventTable, fields_of
from exports.events.words import Words
from exports.rows import Piece
from exports.workbook import Heading

Sources = Sequence[Iterable[bytes]]  # a run's files, one for each window of time, in order
Lines = Sequence[Sequence[str]]


@dataclass(frozen=True)
class How:
    """How the tables are to be. `zone` names the time zone of the wall clock.

    `identifying` are the IDs of attributes that stand on each event's row too, `attributes` those of attributes and
    tags that have a column in any case (None: all that have a name), `fields` the names in events' data that have one
    (none: those that the names tell of; see tables.fields_of).
    """

    names: Names
    zone: str
    fields: Sequence[str] = ()
    identifying: Sequence[str] = ()
    attributes: Sequence[str] | None = None
    words: Words = field(default_factory=Words)

    def people(self, *, with_marks: bool = False) -> People:
        return People(self.names, self.zone, attributes=self.attributes, words=self.words, with_marks=with_marks)

    def table(self, *, with_marks: bool = False) -> EventTable:
        return EventTable(
            self.names,
            self.zone,
            fields=self.fields or fields_of(self.names),
            identifying=self.identifying,
            words=self.words,
            with_marks=with_marks,
        )


@dataclass
class Made:
    """What was written: rows below the headers of both tables, the figures of the pass, and what must be said of it."""

    statistics: Statistics
    events: int = 0
    profiles: int = 0
    guarded: int = 0  # cells of a CSV for Excel that got an apostrophe
    cut: int = 0  # cells that were too long for a workbook
    sheets: int = 0


def csv(
    sources: Sources,
    how: How,
    *,
    events: IO[bytes] | None = None,
    profiles: IO[bytes] | None = None,
    excel: bool = False,
) -> Made:
    """Write one table as CSV, or both. `excel` is as Excel opens it. Raises Unreadable."""
    with how.people(with_marks=not excel) as people:
        table = how.table(with_marks=not excel) if events else None
        readable = Readable(sources, how.names, how.zone, table=table, people=people if profiles else None)
        made = Made(readable.statistics)
        if events:
            made.events = _csv(readable.events(), events, made, excel=excel)
        else:
            readable.pass_over()
        if profiles:
            made.profiles = _csv(people.pieces(), profiles, made, excel=excel)
        made.statistics = readable.statistics
        return made


def _csv(pieces: Iterator[Piece], to: IO[bytes], made: Made, *, excel: bool) -> int:
    if not excel:
        return rows.write(pieces, to)
    written = excel_csv.write(pieces, to)
    made.guarded += written.guarded
    return written.rows


def workbook(
    sources: Sources,
    to: IO[bytes],
    how: How,
    *,
    about: Callable[[Made], Lines],
    at: datetime,
    most: int,
) -> Made:
    """Write both tables as sheets, and a third sheet to read: `about`, asked when all else is known. Raises Unreadable.

    `most` is how many bytes the sources have together, at most; `at` dates the parts; `to` is seekable.
    """
    words, table = how.words, how.table()
    with how.people() as people, xlsx.Book(to, at=at, is_large=_is_large(most, table)) as book:
        readable = Readable(sources, how.names, how.zone, table=table, people=people)
        events = _sheet(book, words.events_sheet, readable.events(), lambda: table.kinds)
        profiles = _sheet(book, words.profiles_sheet, people.pieces(), lambda: people.kinds)
        made = Made(
            readable.statistics, events.rows, profiles.rows,
            cut=events.cut + profiles.cut, sheets=events.sheets + profiles.sheets,
        )  # fmt: skip
        book.text(words.read_me_sheet, about(made))
        book.order = (words.profiles_sheet, words.events_sheet)
        book.opens_at = words.events_sheet
    return made


def _is_large(most: int, table: EventTable) -> bool:
    # An event is at least a hundred letters of JSON, so there are no more rows than that; what stands on each row is
    # written once in the file, and need not be small.
    return xlsx.is_large((most // 100, 2 * most), len(table.header))


def _sheet(book: xlsx.Book, name: str, pieces: Iterator[Piece], kinds: Callable[[], Sequence[str]]) -> xlsx.Made:
    titles = next(pieces)
    assert isinstance(titles, list)
    headings = [Heading(title, kind) for title, kind in zip(titles, kinds(), strict=True)]
    return book.table(name, headings, pieces, rows=None)
