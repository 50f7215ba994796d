"""What is told of an event besides what it holds: its type, its time as a number, and whether it came again. No Django.

A source that gets no answer sends an event once more, under the same correlation ID (S1). Within one profile, section
and type, the first counts; the others are delivery retries.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

from exports.events.clock import LONGEST, milliseconds
from exports.events.names import Names
from exports.events.reading import Section

NOT_RECORDED = 0  # the source time of an event that has none


class Marked(NamedTuple):
    """A section's events, and for each the key of its type, and its source time in milliseconds: None for no number.

    `retries` are the places of delivery retries.
    """

    section: Section
    types: Sequence[str]
    times: Sequence[int | None]
    retries: Collection[int]


class Marker:
    """Mark the events of one section after another."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._types: dict[str, str] = {}

    def mark(self, section: Section, earlier: Collection[tuple[str, str]] = ()) -> Marked:
        """Mark a section's events. `earlier` are the (type, correlation ID) that came before them."""
        events = section.events
        if not events:
            return Marked(section, (), (), ())
        ids, texts, versions, _created, _data = zip(*events, strict=True)
        try:
            types = [self._types[version] for version in versions]
        except KeyError:
            self._types |= {version: self._names.event(version).key for version in versions}
            types = [self._types[version] for version in versions]
        retries: Collection[int] = ()
        if earlier or len(set(ids)) < len(events):
            retries = _retries(list(zip(types, ids, strict=True)), earlier)
        return Marked(section, types, times_of(texts), retries)


def deliveries(marked: Marked) -> set[tuple[str, str]]:
    """Return the (type, correlation ID) of a section's events."""
    events = zip(marked.types, marked.section.events, strict=True)
    return {(type, event.correlation_id) for type, event in events if event.correlation_id}


def _retries(deliveries: Sequence[tuple[str, str]], earlier: Collection[tuple[str, str]]) -> frozenset[int]:
    seen = set(earlier)
    found = set()
    for place, delivery in enumerate(deliveries):
        if not delivery[1]:
            continue  # without a correlation ID nobody knows
        if delivery in seen:
            found.add(place)
        seen.add(delivery)
    return frozenset(found)


def times_of(texts: Sequence[str]) -> list[int | None]:
    """Return times as numbers: 0 where there is none, None where there is something else."""
    joined = "".join(texts)
    if joined.isascii() and "_" not in joined and max(map(len, texts), default=0) <= LONGEST:
        with suppress(ValueError):
            return list(map(int, texts))
    return [milliseconds(text) if text else NOT_RECORDED for text in texts]
