"""An event export in figures, made in one pass: kept with the run, and small whatever the file holds. No Django."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from exports.events.batch import Batch, Shape
from exports.events.clock import Clock
from exports.events.marks import Marked, Marker
from exports.events.names import Names
from exports.events.reading import Profile
from exports.events.words import PLAIN, Words, shown

MOST_TYPES = 200  # of events; the vendor takes far fewer in one export
MOST_FIELDS = 60  # of a type's data
MOST_DAYS = 4_000
DAYS_AT_ONCE = 1_000  # of a type, that wait to be among the figures
MOST_VALUES = 1_000  # of one field that are told apart while reading
MOST_KEPT = 50  # of these that are kept
MOST_IN_ALL = 50_000  # values, of all fields together
LONGEST_VALUE = 200  # letters; a longer one is among the others
SCATTERED = 0.01  # of a field with too many values: the share of the most frequent, below which none is kept
WORDS = Words()  # a value that is true is counted as “yes”, in every language


@dataclass
class TypeCount:
    """How often events of one type came. `profiles` are those with at least one; times in milliseconds."""

    events: int = 0
    retries: int = 0
    profiles: int = 0
    not_recorded: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, other: TypeCount) -> None:
        self.events += other.events
        self.retries += other.retries
        self.profiles += other.profiles
        self.not_recorded += other.not_recorded
        self.first, self.last = _ends(self.first, self.last, other.first, other.last)


@dataclass
class Values:
    """How often which value stood in a field. Each count is exact, unless `is_exact` says otherwise: then, at least.

    `is_scattered` says that hardly any value comes twice, as of an ID: none is kept then.
    """

    filled: int = 0
    top: Counter[str] = field(default_factory=Counter)
    is_exact: bool = True
    is_scattered: bool = False

    @property
    def others(self) -> int:
        """How many events have a value that is not among the top ones."""
        return self.filled - sum(self.top.values())

    def take(self, values: Sequence[Any]) -> None:
        """Count values: an empty one is none, a list or an object is its JSON."""
        if self.is_scattered:
            self.filled += len(values) - values.count("") - values.count(None)
            return
        if not PLAIN.issuperset(map(type, values)):
            values = [
                value if value.__class__ in PLAIN else shown(value, WORDS) for value in values if value is not None
            ]
        self.filled += len(values) - values.count("")
        if not values:
            return
        if max(map(len, values)) > LONGEST_VALUE:
            values = [value for value in values if len(value) <= LONGEST_VALUE]
        self.top.update(values)
        self.top.pop("", None)
        self.settle()

    def to_json(self) -> dict[str, Any]:
        top = {str(value): times for value, times in self.top.most_common(MOST_KEPT)}
        return vars(self) | {"top": top}

    def settle(self) -> None:
        """Forget rare values where there are too many."""
        if len(self.top) > 2 * MOST_VALUES:
            self.is_exact = False
            self.is_scattered = self.top.most_common(1)[0][1] < self.filled * SCATTERED
            self.shrink(0 if self.is_scattered else MOST_VALUES)

    def shrink(self, most: int) -> None:
        self.top = Counter(dict(self.top.most_common(most)))


@dataclass
class Statistics:
    """What an event export holds, counted. Delivery retries are `retries`, and nowhere else but in `events`.

    `profiles` counts them as the file lists them. Types stand by their key (exports.events.names), days by their ISO
    date in `zone`; an event whose time is not recorded is on no day. `first` and `last` are milliseconds.
    """

    zone: str = "UTC"
    profiles: int = 0
    with_events: int = 0
    events: int = 0
    retries: int = 0
    repeated: int = 0  # events that stood in two windows of time, counted once above
    not_recorded: int = 0
    first: int | None = None
    last: int | None = None
    types: dict[str, TypeCount] = field(default_factory=dict)
    days: dict[str, dict[str, int]] = field(default_factory=dict)
    days_left_out: int = 0  # events on days beyond MOST_DAYS
    types_left_out: int = 0  # events of types beyond MOST_TYPES
    values: dict[str, dict[str, Values]] = field(default_factory=dict)
    oddities: dict[str, int] = field(default_factory=dict)

    @property
    def without_events(self) -> int:
        return self.profiles - self.with_events

    def to_json(self) -> dict[str, Any]:
        """Return it for keeping: of each field's values only the most frequent."""
        kept = {f.name: getattr(self, f.name) for f in fields(self)}
        return kept | {
            "types": {key: asdict(count) for key, count in self.types.items()},
            "values": {
                key: {name: values.to_json() for name, values in named.items()} for key, named in self.values.items()
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Statistics:
        known = {f.name: data[f.name] for f in fields(cls) if f.name in data}
        known["types"] = {key: TypeCount(**one) for key, one in data["types"].items()}
        known["values"] = {
            key: {name: Values(**{**one, "top": Counter(one["top"])}) for name, one in named.items()}
            for key, named in data["values"].items()
        }
        # Not to be changed where it is kept.
        known["days"] = {day: dict(counts) for day, counts in data["days"].items()}
        known["oddities"] = dict(data["oddities"])
        return cls(**known)

    def merge(self, other: Statistics) -> None:
        """Add the figures of another file, of other profiles and the same zone.

        Of the same profiles in another window of time, what is about events adds up too, but for what stands in both;
        `profiles`, `with_events` and those of each type do not (exports.events.joining counts them).
        """
        for name in ("profiles", "with_events", "events", "retries", "repeated", "not_recorded"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.first, self.last = _ends(self.first, self.last, other.first, other.last)
        self.days_left_out += other.days_left_out
        self.types_left_out += other.types_left_out
        for name, times in other.oddities.items():
            self.add_oddity(name, times)
        for key, count in other.types.items():
            mine = self.type(key)
            if mine is None:
                self.types_left_out += count.events
                continue
            mine.add(count)
        for day, counts in other.days.items():
            for key, times in counts.items():
                self.add_day(day, key, times)
        for key, named in other.values.items():
            for name, values in named.items():
                if kept := self.field(key, name):
                    is_whole = not (kept.others or values.others)
                    kept.filled += values.filled
                    kept.top.update(values.top)
                    kept.is_exact &= values.is_exact and is_whole
                    kept.settle()

    def type(self, key: str) -> TypeCount | None:
        """Return the count of a type, a new one where there is room."""
        if key not in self.types and len(self.types) < MOST_TYPES:
            self.types[key] = TypeCount()
        return self.types.get(key)

    def field(self, key: str, name: str) -> Values | None:
        """Return the values of a type's field, new ones where there is room."""
        named = self.values.setdefault(key, {}) if key in self.types else {}
        if name not in named and key in self.types and len(named) < MOST_FIELDS and len(name) <= LONGEST_VALUE:
            named[name] = Values()
        return named.get(name)

    def add_retry(self, key: str) -> None:
        self.events += 1
        self.retries += 1
        if count := self.type(key):
            count.events += 1
            count.retries += 1

    def add_oddity(self, name: str, times: int) -> None:
        self.oddities[name] = self.oddities.get(name, 0) + times

    def shrink(self) -> None:
        """Forget rare values where all fields together have too many."""
        every = [one for named in self.values.values() for one in named.values()]
        if sum(len(one.top) for one in every) > MOST_IN_ALL:
            for one in every:
                one.is_exact &= len(one.top) <= MOST_KEPT
                one.shrink(MOST_KEPT)

    def add_day(self, day: str, key: str, times: int) -> None:
        if not day:
            self.add_oddity("time_beyond_calendar", times)
            return
        if day not in self.days and len(self.days) >= MOST_DAYS:
            self.days_left_out += times
            return
        counts = self.days.setdefault(day, {})
        counts[key] = counts.get(key, 0) + times


class Counting:
    """Count profile by profile, and their events in batches. `finish()` returns the figures."""

    def __init__(self, names: Names, zone: str) -> None:
        self._found = Statistics(zone)
        self._clock = Clock(zone)
        self._marker = Marker(names)
        self._batch = Batch(self._clock)
        self._days = defaultdict[str, Counter[str]](Counter)  # of each type, those not yet among the figures

    def take(self, profile: Profile) -> None:
        """Count a profile by itself, and its events."""
        marked = [self._marker.mark(section) for section in profile.sections]
        self.count(profile, marked)
        self._batch.add(profile, marked)
        if self._batch.is_full:
            self._take_batch()

    def count(
        self, profile: Profile, marked: Sequence[Marked], met: Collection[str] | None = None, *, repeated: int = 0
    ) -> None:
        """Count a profile whose events are marked, but of these only delivery retries: `add` counts the others.

        `met` are the keys of the types of event that it had in earlier windows of time, None where it is new;
        `repeated` counts its events that these had too, and that are left out.
        """
        found = self._found
        found.repeated += repeated
        found.profiles += met is None
        for name, times in profile.oddities.items():
            found.add_oddity(name, times)
        keys: dict[str, None] = {}  # in order, so that the same types are left out of the same file
        for one in marked:
            for place in sorted(one.retries):
                found.add_retry(one.types[place])
            if None in one.times:
                found.add_oddity("time_strange", one.times.count(None))
            keys |= dict.fromkeys(one.types)
        if keys:
            found.with_events += not met
            for key in keys:
                if (not met or key not in met) and (count := found.type(key)):
                    count.profiles += 1

    def add(self, batch: Batch) -> None:
        """Count the events of some profiles, type by type: whole columns at a time, in C."""
        alike = defaultdict[str, list[Shape]](list)
        for shape in batch.shapes:
            if not shape.is_retry:
                alike[shape.type].append(shape)
        for key, shapes in alike.items():
            self._add_times(key, batch, [place for shape in shapes for place in shape.places])
            for name, column in _columns(shapes):
                if values := self._found.field(key, name):
                    values.take(column)
        self._found.shrink()

    def finish(self) -> Statistics:
        """Return the figures of all that was counted."""
        if self._batch.sections:
            self._take_batch()
        for key in self._days:
            self._settle_days(key)
        return self._found

    def _take_batch(self) -> None:
        self.add(self._batch)
        self._batch = Batch(self._clock)

    def _add_times(self, key: str, batch: Batch, places: Sequence[int]) -> None:
        found, times, hours = self._found, batch.times, batch.hours
        recorded = [ms for place in places if (ms := times[place])]
        lacking = len(places) - len(recorded)
        count = TypeCount(len(places), 0, 0, lacking, min(recorded, default=None), max(recorded, default=None))
        found.events += count.events
        found.not_recorded += lacking
        found.first, found.last = _ends(found.first, found.last, count.first, count.last)
        if kept := found.type(key):
            kept.add(count)
            days = self._days[key]
            show = batch.clock.show
            days.update([
                hour[0] if (hour := hours[place]) else show(ms)[0] for place in places if (ms := times[place])
            ])  # fmt: skip
            if len(days) > DAYS_AT_ONCE:
                self._settle_days(key)
        else:
            found.types_left_out += count.events

    def _settle_days(self, key: str) -> None:
        for day, many in self._days[key].items():
            self._found.add_day(day, key, many)
        self._days[key].clear()


def _columns(shapes: Sequence[Shape]) -> Iterable[tuple[str, Sequence[Any]]]:
    """Return the names in the data of some shapes, each with its values."""
    if len(shapes) == 1:
        return shapes[0].columns.items()
    names = sorted({name for shape in shapes for name in shape.names})
    return [(name, [value for shape in shapes for value in shape.columns.get(name, ())]) for name in names]


def _ends(first: int | None, last: int | None, *other: int | None) -> tuple[int | None, int | None]:
    """Return the earlier of two firsts, and the later of two lasts."""
    firsts = [at for at in (first, other[0]) if at is not None]
    lasts = [at for at in (last, other[1]) if at is not None]
    return min(firsts, default=None), max(lasts, default=None)
