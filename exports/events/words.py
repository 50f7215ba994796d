"""The words of the readable tables. English here; whoever makes a file says them in its reader's own. No Django."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from exports.events.reading import Number, said

PLAIN = frozenset((str, Number))


@dataclass(frozen=True)
class Words:
    """Titles of columns, what stands in cells, and names of sheets (31 letters at most).

    `{zone}` is the name of the time zone, `{event}` that of a type of event.
    """

    export_key: str = "Export key"
    section: str = "Section"
    event: str = "Event"
    type_id: str = "Event type ID"
    day: str = "Day"
    local_time: str = "Time ({zone})"
    utc_time: str = "Time (UTC)"
    received: str = "Received (UTC)"
    correlation_id: str = "Correlation ID"
    retry: str = "Delivery retry"
    counts: str = "Counts"
    other: str = "Other data"
    events: str = "Events"
    of_type: str = "{event}: events"
    first: str = "First event ({zone})"
    last: str = "Last event ({zone})"
    yes: str = "yes"
    no: str = "no"
    not_recorded: str = "not recorded"
    events_sheet: str = "Events"
    profiles_sheet: str = "Profiles"
    read_me_sheet: str = "Read me"


def unlike(titles: Iterable[tuple[str, ...]]) -> list[str]:
    """Return a title for each, no two alike: the first of its words, with the others in brackets as far as needed."""
    taken: set[str] = set()
    found = []
    for words in titles:
        title, *others = words
        while title in taken and others:
            title = f"{words[0]} ({others.pop(0)})"
        number = 2
        first = title
        while title in taken:
            title, number = f"{first} ({number})", number + 1
        taken.add(title)
        found.append(title)
    return found


def shown(value: Any, words: Words) -> str:
    """Return a value as a cell has it: a text or a number in its own letters, yes or no, anything else as JSON."""
    if value.__class__ in PLAIN:
        return str(value)
    if value is None:
        return ""
    if value.__class__ is bool:
        return words.yes if value else words.no
    return said(value)
