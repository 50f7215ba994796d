"""Events of many profiles side by side: what is done with whole columns of them is done in C. No Django."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

from exports.events.clock import HOUR, Clock, Hour
from exports.events.marks import Marked
from exports.events.reading import Profile

AT_ONCE = 500  # events: enough for whole columns to pay; more are no faster, and hold more


class Columns(NamedTuple):
    """All events of a batch, as reading.Event has each."""

    correlation_ids: Sequence[str]
    source_times: Sequence[str]
    type_ids: Sequence[str]
    created_at: Sequence[str]
    data: Sequence[dict[str, Any]]


class Shape(NamedTuple):
    """Those events of a batch that have one type, by its key, and data of the same names in the same order.

    `places` are theirs in the batch, `columns` their values by name.
    """

    type: str
    is_retry: bool
    names: tuple[str, ...]
    places: Sequence[int]
    columns: dict[str, Sequence[Any]]


class Batch:
    """Gather profiles until there are enough of their events. `clock` is the one that all batches are read by."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.sections: list[tuple[Profile, Marked]] = []  # those with events
        self._many = 0

    def add(self, profile: Profile, marked: Sequence[Marked]) -> None:
        for one in marked:
            if one.types:
                self.sections.append((profile, one))
                self._many += len(one.types)

    @property
    def is_full(self) -> bool:
        return self._many > AT_ONCE

    @cached_property
    def events(self) -> Columns:
        return Columns(*zip(*chain.from_iterable([one.section.events for _profile, one in self.sections]), strict=True))

    @cached_property
    def times(self) -> list[int | None]:
        return list(chain.from_iterable([one.times for _profile, one in self.sections]))

    @cached_property
    def hours(self) -> list[Hour | None]:
        """Return for each event the hour of its source time, None where there is none or it is odd."""
        hours = self.clock.hours
        return [hours[ms // HOUR] if ms else None for ms in self.times]

    @cached_property
    def retries(self) -> list[bool]:
        """Return for each event whether it is a delivery retry."""
        found = [False] * self._many
        start = 0
        for _profile, one in self.sections:
            for place in one.retries:
                found[start + place] = True
            start += len(one.types)
        return found

    @cached_property
    def shapes(self) -> list[Shape]:
        """Part the events by what they have in common, in the order in which it is met."""
        types = chain.from_iterable([one.types for _profile, one in self.sections])
        data = self.events.data
        alike = defaultdict[tuple[str, bool, tuple[str, ...]], list[int]](list)
        for place, has in enumerate(zip(types, self.retries, map(tuple, data), strict=True)):
            alike[has].append(place)
        found = []
        for (type, is_retry, names), places in alike.items():
            columns = zip(*[data[place].values() for place in places], strict=True)
            found.append(Shape(type, is_retry, names, places, dict(zip(names, columns, strict=True))))
        return found
