"""The table of profiles: a row for each profile and section, joined on disk. No Django; flat memory.

A profile may be met several times: in several windows of time, or twice in one file. Its events add up; of its
attributes, tags and topics those of the newest window stand.
"""

from __future__ import annotations

import marshal
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from exports.events.clock import Clock
from exports.events.lines import all_quoted, gathered
from exports.events.marks import Marked
from exports.events.names import Names
from exports.events.reading import Profile, said
from exports.events.words import Words, shown, unlike
from exports.rows import Piece

MOST_COLUMNS = 500  # of one kind: attributes, tags, topics, types of event; others stand in the last one
AT_ONCE = 1_000  # rows written to disk
CACHE = 4_096  # KiB of it that are held in memory: it is written and sorted once, and no faster with more

_Part = tuple[dict[str, str], dict[str, str], dict[str, int], int | None, int | None]


class People:
    """Gather profiles, in order of time; then read their rows. A context, whose file is gone at its end.

    `attributes` are the IDs of attributes and tags that have a column in any case; without them all that have a name;
    `with_marks` is as exports.events.lines has it.
    """

    def __init__(
        self,
        names: Names,
        zone: str,
        *,
        attributes: Sequence[str] | None = None,
        words: Words | None = None,
        with_marks: bool = False,
    ) -> None:
        self._names, self._clock, self._words = names, Clock(zone), words or Words()
        self._with_marks = with_marks
        self._database = sqlite3.connect("")  # a file that SQLite opens where temporary files go, and deletes
        self._database.execute(f"PRAGMA cache_size = -{CACHE}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE part (key TEXT, section TEXT, window INTEGER, held BLOB)")
        self._waiting: list[tuple[str, str, int, bytes]] = []
        self._attributes = dict.fromkeys(names.attributes if attributes is None else attributes)
        self._topics: dict[str, None] = {}
        self._types: dict[str, None] = {}  # those that were met
        self._type_names = names.event_names()
        self.kinds: list[str] = []

    def __enter__(self) -> People:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._database.close()

    def take(self, profile: Profile, marked: Sequence[Marked], window: int = 0) -> None:
        """Keep a profile of the window with this number."""
        for one in marked:
            self._keep(profile.key, one, window)
        if not marked:
            self._waiting.append((profile.key, "", window, _NOTHING))
        if len(self._waiting) > AT_ONCE:
            self._write()

    def _keep(self, key: str, marked: Marked, window: int) -> None:
        section, words = marked.section, self._words
        attributes = {}
        for id, value in section.attributes.items():
            self._attributes.setdefault(id)
            is_tagged = value is None and self._names.attribute(id).kind != "attribute"
            attributes[id] = words.yes if is_tagged else shown(value, words)
        topics = {id: shown(value, words) for id, value in section.topics.items()}
        for id in topics:
            self._topics.setdefault(id)
        types, retries = marked.types, marked.retries
        counts = Counter([type for place, type in enumerate(types) if place not in retries] if retries else types)
        for key_of_type in counts:
            self._types.setdefault(key_of_type)
        times = [ms for ms in marked.times if ms]
        part: _Part = (attributes, topics, dict(counts), min(times, default=None), max(times, default=None))
        self._waiting.append((key, section.id, window, marshal.dumps(part)))

    def _write(self) -> None:
        self._database.executemany("INSERT INTO part VALUES (?, ?, ?, ?)", self._waiting)
        self._waiting.clear()

    # ── The table ────────────────────────────────────────────────────────────────────────────────────────────────

    def pieces(self) -> Iterator[Piece]:
        """Yield the table, the header first, in order of the export keys."""
        self._write()
        known = [key for key in self._type_names if key in self._types]
        columns = _Columns(*(
            list(ids)[:MOST_COLUMNS] for ids in (self._attributes, self._topics, dict.fromkeys([*known, *self._types]))
        ))  # fmt: skip
        header, self.kinds = self._titles(columns)
        yield header
        yield from gathered(self._lines(columns), with_marks=self._with_marks)

    def _lines(self, columns: _Columns) -> Iterator[str]:
        found = self._database.execute("SELECT key, section, window, held FROM part ORDER BY key, section, rowid")
        for (key, section), parts in groupby(found, itemgetter(0, 1)):
            held = _joined([(window, _loaded(part)) for _key, _section, window, part in parts])
            yield ",".join(all_quoted(self._cells(key, section, held, columns))) + "\n"

    def _titles(self, chosen: _Columns) -> tuple[list[str], list[str]]:
        words, names, zone = self._words, self._names, self._clock.zone
        fields = [(names.attribute(id), id) for id in chosen.attributes]
        columns: list[tuple[tuple[str, ...], str]] = [
            ((words.export_key,), "key"),
            ((words.section,), "key"),
            *(((one.name, names.section(one.section), id), one.kind or "attribute") for one, id in fields),
            *(((names.topic(id), id), "consent") for id in chosen.topics),
            ((words.events,), "event"),
            *(((words.of_type.format(event=self._type_names.get(key, key)), key), "event") for key in chosen.types),
            ((words.first.format(zone=zone),), "event"),
            ((words.last.format(zone=zone),), "event"),
        ]
        if self._is_wide:
            columns.append(((words.other,), "data"))
        return unlike(titles for titles, _kind in columns), [kind for _titles, kind in columns]

    def _cells(self, key: str, section: str, held: _Part, chosen: _Columns) -> list[str]:
        values, states, counts, first, last = held
        cells = [
            key,
            self._names.section(section),
            *[values.get(id, "") for id in chosen.attributes],
            *[states.get(id, "") for id in chosen.topics],
            str(sum(counts.values())),
            *[str(counts.get(key, 0)) for key in chosen.types],
            *["" if ms is None else self._clock.show(ms)[1] or str(ms) for ms in (first, last)],
        ]
        if self._is_wide:
            numbers = {key: str(number) for key, number in counts.items()}
            others = [
                {id: value for id, value in one.items() if id not in columns}
                for one, columns in zip((values, states, numbers), map(set, chosen), strict=True)
            ]
            cells.append(said(others) if any(others) else "")
        return cells

    @property
    def _is_wide(self) -> bool:
        """Whether there is more than has columns."""
        return max(len(self._attributes), len(self._topics), len(self._types)) > MOST_COLUMNS


class _Columns(NamedTuple):
    """The IDs that have a column each."""

    attributes: Sequence[str]
    topics: Sequence[str]
    types: Sequence[str]


_NOTHING = marshal.dumps(({}, {}, {}, None, None))


def _loaded(part: bytes) -> _Part:
    found: _Part = marshal.loads(part)  # noqa: S302  # written by this very process
    return found


def _joined(parts: Sequence[tuple[int, _Part]]) -> _Part:
    """Return what the parts of one profile and section come to, in order of time."""
    if len(parts) == 1:
        return parts[0][1]
    newest = max(window for window, _part in parts)
    attributes: dict[str, str] = {}
    topics: dict[str, str] = {}
    counts: dict[str, int] = {}
    times = []
    for window, (values, states, many, first, last) in parts:
        if window == newest:
            attributes |= values
            topics |= states
        for key, number in many.items():
            counts[key] = counts.get(key, 0) + number
        times += [at for at in (first, last) if at is not None]
    return attributes, topics, counts, min(times, default=None), max(times, default=None)
