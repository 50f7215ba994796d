"""What somebody asks the audit history for, and the events that answer it: a page of them, or all.

The database is only ever asked for events by their ids, as the index proposes them or as they stand; whether one
answers is decided here. So no planner's guess about how rare a filter is can make a page slow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any

from django.db.models import Max, Min, QuerySet

from audit import index
from audit.models import SUBJECTS, Block, Event

FIRST, AT_ONCE = 80, 400  # events fetched in one query: a page's worth at first, then many
STRETCHES = 8, 64  # blocks of the index that are read in one query, before all others in a third
LOOKED_AT = 1000  # events of a stretch whose few deciding fields are read in one query
FEWEST_LETTERS = 2
MOST_LETTERS = 8  # terms of what is searched for that the index is asked for; the rest is compared

LAST = 2**63 - 1  # no id is greater

DECIDING = ("pk", "at", "actor_id", "action", "target_key")
SAYING = ("actor_name", "target", "facts")


@dataclass(frozen=True)
class Asked:
    """Filters that all hold. `since` is within, `until` is not; `actor` 0 is the desk itself."""

    actor: int | None = None
    actions: tuple[str, ...] = ()
    thing: str = ""  # a target key, or the kind of one
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    subjects: tuple[str, ...] = ()  # pseudonyms of one person, under each key

    def holds(self, at: datetime, actor: int | None, action: str, target_key: str) -> bool:
        """Return whether an event answers, as far as these fields decide it."""
        return (
            (self.actor is None or self.actor == (actor or 0))
            and (not self.actions or action in self.actions)
            and (not self.thing or self.thing in (target_key, target_key.partition(":")[0]))
            and (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
        )

    def is_said(self, actor_name: str, target: str, facts: dict[str, Any]) -> bool:
        """Return whether an event is about whom is asked for, and says what is searched for.

        Two letters begin a word; three stand anywhere.
        """
        if self.subjects and set(self.subjects).isdisjoint(facts.get(SUBJECTS, [])):
            return False
        return not self.text or self.needle in index.text(actor_name, target, facts)

    @property
    def needle(self) -> str:
        folded = index.fold(self.text)
        return f" {folded}" if len(folded) == FEWEST_LETTERS else folded

    @property
    def groups(self) -> list[list[str]]:
        """The terms that an answer holds, one of each group; none where there is nothing that the index knows of."""
        groups = [[index.actor(self.actor)]] if self.actor is not None else []
        if self.actions:
            groups.append([index.action(word) for word in self.actions])
        if self.thing:
            groups.append([index.target(self.thing)])
        if self.subjects:
            groups.append([index.subject(pseudonym) for pseudonym in self.subjects])
        # Of a long text, some letters evenly out of it: they say nearly as much as all.
        letters = sorted(index.letters(self.needle))
        step = max(1, -(-len(letters) // MOST_LETTERS))
        return groups + [[term] for term in letters[::step]]


def find(asked: Asked, *, before: int | None = None, after: int | None = None) -> Iterator[Event]:
    """Yield what answers: newest first, only older than `before`; or, given `after`, what is newer, oldest first.

    Lazy: whoever wants a page takes a page, in a handful of queries whatever the filters are. Flat memory.
    """
    newest_first = after is None
    low, high = (0 if after is None else min(after + 1, LAST)), (LAST if before is None else before - 1)
    tail = index.tail()
    fresh = _looked_through(asked, max(low, tail), high, newest_first)
    high = min(high, tail - 1)
    blocks, loose = _blocks(asked, low, high), Event.objects.unsealed().filter(pk__range=(low, high))
    if asked.groups:
        old = _proposed(asked, blocks, loose, newest_first)
    else:
        first, last = _within(asked, blocks, loose)
        old = _looked_through(asked, max(low, first), min(high, last), newest_first)
    for event in _fetched(chain(fresh, old) if newest_first else chain(old, fresh), newest_first):
        if (before is None or event.pk < before) and (after is None or event.pk > after) and _answers(asked, event):
            yield event


def page(asked: Asked, size: int, *, before: int | None = None, after: int | None = None) -> tuple[list[Event], bool]:
    """Return a page, newest first, and whether there is more beyond it in the direction that was asked for."""
    found = list(islice(find(asked, before=before, after=after), size + 1))
    shown = found[:size]
    return (shown[::-1] if after is not None else shown), len(found) > size


def _answers(asked: Asked, event: Event) -> bool:
    return asked.holds(event.at, event.actor_id, event.action, event.target_key) and asked.is_said(
        event.actor_name, event.target, event.facts
    )


def _looked_through(asked: Asked, low: int, high: int, newest_first: bool) -> Iterator[int]:
    """Yield the ids that answer from `low` to `high`, which are not indexed or need no index, in their order."""
    size, fields = FIRST, DECIDING + (SAYING if asked.text or asked.subjects else ())
    while low <= high:
        # One condition at either end, and no other: SQLite keeps to one of two, and may take the wrong one.
        events = Event.objects.filter(pk__range=(low, high)).order_by("-pk" if newest_first else "pk")
        seen = 0
        for pk, at, actor, action, key, *said in events.values_list(*fields)[:size]:
            seen += 1
            low, high = (low, pk - 1) if newest_first else (pk + 1, high)
            if asked.holds(at, actor, action, key) and (not said or asked.is_said(*said)):
                yield pk
        if seen < size:
            return
        size = LOOKED_AT


def _blocks(asked: Asked, low: int, high: int) -> QuerySet[Block]:
    """Return the blocks that an answer can be in."""
    blocks = Block.objects.filter(number__range=(low // index.SIZE, high // index.SIZE))
    if asked.since:
        blocks = blocks.filter(last_at__gte=asked.since)
    if asked.until:
        blocks = blocks.filter(first_at__lt=asked.until)
    return blocks


def _within(asked: Asked, blocks: QuerySet[Block], loose: QuerySet[Event]) -> tuple[int, int]:
    """Return the first and the last id that a period can hold, so that nobody walks there step by step."""
    if not (asked.since or asked.until):
        return 0, LAST
    ends = blocks.aggregate(first=Min("number"), last=Max("number"))
    numbers = {pk // index.SIZE for pk in loose.values_list("pk", flat=True)}
    numbers |= {number for number in ends.values() if number is not None}
    if not numbers:
        return 0, -1
    # Within the blocks at either end, the first and the last event of the period.
    first, last = min(numbers) * index.SIZE, (max(numbers) + 1) * index.SIZE - 1
    if asked.since:
        begun = Event.objects.filter(pk__range=(first, first + index.SIZE - 1), at__gte=asked.since).order_by("pk")
        first = begun.values_list("pk", flat=True).first() or first
    if asked.until:
        over = Event.objects.filter(pk__range=(last - index.SIZE + 1, last), at__lt=asked.until).order_by("-pk")
        last = over.values_list("pk", flat=True).first() or last
    return first, last


def _proposed(asked: Asked, blocks: QuerySet[Block], loose: QuerySet[Event], newest_first: bool) -> Iterator[int]:
    """Yield the ids that the index proposes, and those without a seal yet, which it does not know."""
    late: dict[int, int] = defaultdict(int)
    for pk in loose.values_list("pk", flat=True):
        late[pk // index.SIZE] |= 1 << pk % index.SIZE
    numbers = iter(sorted({*blocks.values_list("number", flat=True), *late}, reverse=newest_first))
    # A page of what is frequent ends within the first few blocks; for what is rare, the rest is read at once.
    for many in (*STRETCHES, None):
        stretch = list(islice(numbers, many))
        held = index.places(asked.groups, stretch) if stretch else {}
        for number in stretch:
            yield from index.ids(number, held.get(number, 0) | late.get(number, 0), newest_first=newest_first)


def _fetched(proposed: Iterable[int], newest_first: bool) -> Iterator[Event]:
    """Yield the events of these ids, which come in order, a page's worth in one query."""
    proposed, size = iter(proposed), FIRST
    while batch := list(islice(proposed, size)):
        yield from Event.objects.filter(pk__in=batch).order_by("-pk" if newest_first else "pk")
        size = AT_ONCE
