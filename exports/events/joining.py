"""A run's files, one for each window of time, read in one pass as if they were one. No Django; flat memory.

A border between two windows may belong to both: an event that stands in both, the same to the last letter, is passed
on once. What was met of each profile is kept on disk for that, and only where there is more than one window.
"""

from __future__ import annotations

import gc
import marshal
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from exports.events import reading
from exports.events.batch import Batch
from exports.events.clock import Clock
from exports.events.marks import Marked, Marker, deliveries
from exports.events.names import Names
from exports.events.people import People
from exports.events.reading import Event, Profile, Section, said
from exports.events.statistics import Counting, Statistics
from exports.events.tables import EventTable
from exports.rows import Piece

CACHE = 16_384  # KiB of what is kept on disk that are held in memory


class Joined(NamedTuple):
    """A profile of one window, less the events that an earlier window had.

    `met` are the types of event that it had in earlier ones, None where it was in none; `repeated` counts its events
    that are left out.
    """

    window: int
    profile: Profile
    marked: Sequence[Marked]
    met: frozenset[str] | None
    repeated: int


def joined(sources: Sequence[Iterable[bytes]], names: Names) -> Iterator[Joined]:
    """Yield the profiles of files that follow one another in time. Raises Unreadable, with the `window` it was in."""
    marker = Marker(names)
    with _Earlier() as earlier:
        for window, chunks in enumerate(sources):
            try:
                for profile in reading.profiles(chunks):
                    if len(sources) == 1:
                        yield Joined(0, profile, [marker.mark(section) for section in profile.sections], None, 0)
                    else:
                        yield earlier.join(window, profile, marker)
            except reading.Unreadable as error:
                error.facts["window"] = window
                raise


class _Met(NamedTuple):
    """What one section of a profile had before. Events are known by their hash."""

    section: str
    window: int
    events: frozenset[int]
    deliveries: frozenset[tuple[str, str]]


class _Earlier:
    """What was met so far, on disk."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")  # a file that SQLite opens where temporary files go, and deletes
        self._database.execute(f"PRAGMA cache_size = -{CACHE}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(
            "CREATE TABLE met (key TEXT, number INTEGER, held BLOB, PRIMARY KEY (key, number)) WITHOUT ROWID"
        )
        self._number = 0

    def __enter__(self) -> _Earlier:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._database.close()

    def join(self, window: int, profile: Profile, marker: Marker) -> Joined:
        met = self._of(profile.key)
        marked, repeated = [], 0
        for section in profile.sections:
            before = [one for one in met if one.section == section.id]
            had = frozenset[int]().union(*(one.events for one in before if one.window < window))
            hashes = [_hash(event) for event in section.events]
            events = [event for event, own in zip(section.events, hashes, strict=True) if own not in had]
            repeated += len(section.events) - len(events)
            earlier = frozenset[tuple[str, str]]().union(*(one.deliveries for one in before))
            one = marker.mark(Section(section.id, section.attributes, events, section.topics), earlier)
            marked.append(one)
            self._keep(profile.key, _Met(section.id, window, frozenset(hashes), frozenset(deliveries(one))))
        if not profile.sections:
            self._keep(profile.key, _Met("", window, frozenset(), frozenset()))
        types = frozenset(key for one in met for key, _id in one.deliveries)
        return Joined(window, profile, marked, types if met else None, repeated)

    def _of(self, key: str) -> list[_Met]:
        found = self._database.execute("SELECT held FROM met WHERE key = ?", (key,))
        return [_Met(*marshal.loads(held)) for (held,) in found]  # noqa: S302  # written by this very process

    def _keep(self, key: str, met: _Met) -> None:
        self._number += 1
        self._database.execute("INSERT INTO met VALUES (?, ?, ?)", (key, self._number, marshal.dumps(tuple(met))))


def _hash(event: Event) -> int:
    """Return a number that only the same event has, in this process."""
    return hash((*event[:4], said(event.data)))


class Readable:
    """The readable tables of a run, made in one pass: read `events()` to its end, then `profiles()`.

    Without either table it is not made. `statistics` are whole after `events()`, or `pass_over()`.
    """

    def __init__(
        self,
        sources: Sequence[Iterable[bytes]],
        names: Names,
        zone: str,
        *,
        table: EventTable | None = None,
        people: People | None = None,
    ) -> None:
        self._sources, self._names = sources, names
        self._table, self._people = table, people
        self._counting, self._clock = Counting(names, zone), Clock(zone)
        self.statistics = Statistics(zone)

    def events(self) -> Iterator[Piece]:
        """Yield the table of events, the header first. Raises Unreadable."""
        if self._table:
            yield self._table.header
        batch = Batch(self._clock)
        with _uncollected():
            for one in joined(self._sources, self._names):
                self._counting.count(one.profile, one.marked, one.met, repeated=one.repeated)
                if self._people is not None:
                    self._people.take(one.profile, one.marked, one.window)
                batch.add(one.profile, one.marked)
                if batch.is_full:
                    yield from self._done(batch)
                    batch = Batch(self._clock)
            yield from self._done(batch)
        self.statistics = self._counting.finish()

    def _done(self, batch: Batch) -> Iterator[Piece]:
        if batch.sections:
            self._counting.add(batch)
            if self._table:
                yield from self._table.rows(batch)

    def pass_over(self) -> None:
        """Read to the end without a table of events. Raises Unreadable."""
        for _piece in self.events():
            pass


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let the garbage collector rest: nothing of a pass refers to itself, and its looking takes a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
