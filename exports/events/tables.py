"""The table of events: a row for each, its data in columns that a pivot table can use. No Django; flat memory.

A field has one column, whichever types of event have it: whoever wants the addresses that were clicked puts `url` into
a pivot table, and filters by the column Event. What has no column stands in the last one as JSON, so nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, repeat
from typing import Any

from exports.events.batch import Batch, Shape
from exports.events.clock import HOUR, SECONDS, THOUSANDTHS
from exports.events.lines import all_quoted, pieces, quoted
from exports.events.marks import NOT_RECORDED, times_of
from exports.events.names import Names
from exports.events.reading import Profile, said
from exports.events.statistics import Statistics
from exports.events.words import PLAIN, Words, shown, unlike
from exports.rows import Piece

MOST_FIELDS = 500  # columns of data
_COUNTS = ",1"  # the two cells of an event that is no retry


def fields_of(names: Names, statistics: Statistics | None = None) -> list[str]:
    """Return the fields that get a column: those that are known, in order, then those that were met in a file."""
    known = [name for event in names.events.values() for name in event.fields]
    met = [name for named in (statistics.values if statistics else {}).values() for name in named]
    return list(dict.fromkeys([*known, *sorted(met)]))[:MOST_FIELDS]


class EventTable:
    """Turn the events of one batch after another into rows.

    `identifying` are the IDs of attributes that stand on each row, from whichever section of the profile has them;
    `with_marks` is as exports.events.lines has it.
    """

    def __init__(
        self,
        names: Names,
        zone: str,
        *,
        fields: Sequence[str],
        identifying: Sequence[str] = (),
        words: Words | None = None,
        with_marks: bool = False,
    ) -> None:
        self._names, self._zone, self._words = names, zone, words or Words()
        self._fields, self._identifying, self._known = list(fields), list(identifying), frozenset(fields)
        self._retry, self._with_marks = f"{quoted(self._words.yes)},", with_marks
        self.header, self.kinds = self._titles()

    def _titles(self) -> tuple[list[str], list[str]]:
        words, zone = self._words, self._zone
        attributes = [self._names.attribute(id) for id in self._identifying]
        columns: list[tuple[tuple[str, ...], str]] = [
            ((words.export_key,), "key"),
            ((words.section,), "key"),
            *(((one.name, self._names.section(one.section), id), "attribute")
              for one, id in zip(attributes, self._identifying, strict=True)),
            *(((title,), "event") for title in (
                words.event, words.type_id, words.day, words.local_time.format(zone=zone), words.utc_time,
                words.received, words.correlation_id, words.retry, words.counts)),
            *(((name, "data"), "data") for name in self._fields),
            ((words.other,), "data"),
        ]  # fmt: skip
        return unlike(titles for titles, _kind in columns), [kind for _titles, kind in columns]

    def rows(self, batch: Batch) -> Iterator[Piece]:
        """Yield the rows of a batch's events, in order."""
        return pieces(self._lines(batch), with_marks=self._with_marks)

    def _lines(self, batch: Batch) -> list[str]:
        """Return the row of each event: column by column, for that is done in C."""
        events = batch.events
        types = {id: f"{quoted(self._names.event(id).name)},{quoted(id)}" for id in set(events.type_ids)}
        lines = list(map(",".join, zip(
            self._starts(batch),
            [types[id] for id in events.type_ids],
            self._moments(batch),
            self._received(batch),
            all_quoted(events.correlation_ids),
            [self._retry if is_retry else _COUNTS for is_retry in batch.retries],
            strict=True,
        )))  # fmt: skip
        for shape in batch.shapes:
            for place, end in zip(shape.places, self._ends(shape, events.data), strict=True):
                lines[place] += end
        return lines

    def _starts(self, batch: Batch) -> list[str]:
        """Return for each event whose it is."""
        found = []
        for profile, one in batch.sections:
            who = [shown(_of(profile, id), self._words) for id in self._identifying]
            start = ",".join(all_quoted([profile.key, self._names.section(one.section.id), *who]))
            found += [start] * len(one.types)
        return found

    def _moments(self, batch: Batch) -> list[str]:
        """Return of each event the day, the time by the wall and as UTC.

        A time that no calendar has, or that is no number, stands as it came in the place of UTC.
        """
        unknown = quoted(self._words.not_recorded)
        found = []
        for ms, hour, text in zip(batch.times, batch.hours, batch.events.source_times, strict=True):
            if ms and hour:
                day, local, utc = hour
                moment = SECONDS[ms // 1000 % 3600] + THOUSANDTHS[ms % 1000]
                found.append(f"{day},{local}{moment},{utc}{moment}")
            elif ms:
                day, local, utc = batch.clock.show(ms)
                found.append(f"{day},{local},{utc or quoted(text)}")
            else:
                found.append(f",{unknown},{unknown}" if ms == NOT_RECORDED else f",,{quoted(text)}")
        return found

    def _received(self, batch: Batch) -> list[str]:
        """Return when each event was received, in UTC."""
        texts, hours, unknown = batch.events.created_at, batch.clock.hours, quoted(self._words.not_recorded)
        found = []
        for ms, text in zip(times_of(texts), texts, strict=True):
            if ms:
                if hour := hours[ms // HOUR]:
                    found.append(f"{hour[2]}{SECONDS[ms // 1000 % 3600]}{THOUSANDTHS[ms % 1000]}")
                else:
                    found.append(batch.clock.show(ms)[2] or quoted(text))
            else:
                found.append(unknown if ms == NOT_RECORDED and text else quoted(text))
        return found

    def _ends(self, shape: Shape, data: Sequence[dict[str, Any]]) -> Iterator[str]:
        """Return the cells of the data of the events of a shape, a comma before them and a line feed behind."""
        many = len(shape.places)
        cells: list[Iterable[str]] = [repeat("", many)]
        for has_values, fields in groupby(self._fields, shape.columns.__contains__):
            if has_values:
                cells += [self._cells(shape.columns[name]) for name in fields]
            else:
                cells.append(repeat("," * (len(list(fields)) - 1), many))
        if others := [name for name in shape.names if name not in self._known]:
            cells.append([quoted(said({name: data[at][name] for name in others})) + "\n" for at in shape.places])
        else:
            cells.append(repeat("\n", many))
        return map(",".join, zip(*cells, strict=True))

    def _cells(self, values: Sequence[Any]) -> Sequence[str]:
        if not PLAIN.issuperset(map(type, values)):
            words = self._words
            values = [value if value.__class__ in PLAIN else shown(value, words) for value in values]
        return all_quoted(values)


def _of(profile: Profile, id: str) -> Any:
    return next((one.attributes[id] for one in profile.sections if id in one.attributes), None)
