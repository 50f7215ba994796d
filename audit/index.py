"""Finding events among millions: which of them hold a term, as bits, a block of ids at a time.

A term is a person, an action, a thing, a kind of thing, whom it is about, or three letters of what an event says. Any
filters together are the common bits of their terms, so a rare word costs what a frequent one costs, and one that is
nowhere too; both databases do the same, with a plain table. Newest blocks come first, so a page stops as soon as it is
full.

The index only proposes: whoever asks (audit/search.py) looks at each event itself. Ids from `tail()` on are not indexed
yet, nor is an event without its seal.
"""

from __future__ import annotations

import unicodedata
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import Max, Min

from audit.models import SUBJECTS, Block, Event, Posting

SIZE = 4096  # ids of a block
WIDTH = SIZE // 8  # bytes of its bits
LONGEST_KEY = 64  # letters of a target key, as the model has it
FEW = WIDTH // 2 - 1  # places up to this many are kept as numbers of two bytes, which is shorter than the bits


# ── Terms ────────────────────────────────────────────────────────────────────────────────────────────────────


def actor(pk: int | None) -> str:
    """The term of a person; of the desk itself without one."""
    return f"@{pk or 0}"


def action(word: str) -> str:
    return f"!{word}"


def target(key: str) -> str:
    return f"#{key}"


def kind(label: str) -> str:
    """The term of all things of a kind, as `exports.exportrun`."""
    return f"#{label}"


def subject(pseudonym: str) -> str:
    """The term of somebody whose data an event is about."""
    return f"~{pseudonym}"


def fold(text: str) -> str:
    """Return a text as it is compared: å is å however it was typed, great letters are small, blanks are one blank."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(plain.casefold().split())


def letters(folded: str) -> set[str]:
    """Return every three letters in a row of a folded text."""
    return {f'"{folded[n : n + 3]}' for n in range(len(folded) - 2)}


def text(actor_name: str, target: str, facts: dict[str, Any]) -> str:
    """Return what the search reads of an event, folded: who, what, and whatever else it tells, between blanks."""
    values = (value for name, value in facts.items() if name != SUBJECTS)
    told = (str(part) for value in values for part in (value if isinstance(value, list) else [value]))
    return f" {fold(' '.join((actor_name, target, *told)))} "


def terms(event: Event) -> set[str]:
    """Return all terms of an event."""
    found = letters(text(event.actor_name, event.target, event.facts)) | {action(event.action), actor(event.actor_id)}
    found |= {subject(pseudonym) for pseudonym in event.subjects}
    if event.target_key:
        found |= {target(event.target_key), kind(event.target_key.partition(":")[0])}
    return found


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────


def tail() -> int:
    """Return the first id that is not indexed yet."""
    last = Block.objects.aggregate(last=Max("number"))["last"]
    return 0 if last is None else (last + 1) * SIZE


def places(wanted: Iterable[Iterable[str]], blocks: Iterable[int]) -> dict[int, int]:
    """Return, for each block that has any, the bits of the places that hold one term of every group. One query."""
    groups = [set(group) for group in wanted]
    every = set().union(*groups)
    blocks = list(blocks)
    # Blocks stand in a row, so their ends say it all, and the query stays short.
    rows = Posting.objects.filter(term__in=every, block__gte=min(blocks), block__lte=max(blocks))
    held: dict[int, dict[str, int]] = defaultdict(dict)
    for term, block, packed in rows.values_list("term", "block", "places"):
        held[block][term] = unpack(bytes(packed))
    return {number: bits for number in blocks if (bits := _common(groups, held.get(number, {})))}


def ids(block: int, bits: int, *, newest_first: bool) -> Iterator[int]:
    """Yield the ids that the bits of a block stand for."""
    while bits:
        place = bits.bit_length() - 1 if newest_first else (bits & -bits).bit_length() - 1
        yield block * SIZE + place
        bits ^= 1 << place


def _common(groups: list[set[str]], held: dict[str, int]) -> int:
    common = (1 << SIZE) - 1
    for group in groups:
        found = 0
        for term in group:
            found |= held.get(term, 0)
        common &= found
    return common


# ── Packing: bits, or a few numbers ──────────────────────────────────────────────────────────────────────────


def pack(held: list[int]) -> bytes:
    """Return places in a block, in rising order, as bytes: numbers while they are few, else one bit for each place."""
    if len(held) <= FEW:
        return b"".join(place.to_bytes(2, "little") for place in held)
    return sum(1 << place for place in held).to_bytes(WIDTH, "little")


def unpack(packed: bytes) -> int:
    """Return the bits of what `pack` made."""
    if len(packed) == WIDTH:
        return int.from_bytes(packed, "little")
    bits = 0
    for at in range(0, len(packed), 2):
        bits |= 1 << (packed[at] | packed[at + 1] << 8)
    return bits


# ── Making ───────────────────────────────────────────────────────────────────────────────────────────────────


def missing(*, at_most: int) -> range:
    """Return the numbers of the next whole blocks to index, in their order.

    Whole is what no new event can fall into, and what waits for no seal: it would be made again with each.
    """
    fresh = Event.objects.filter(pk__gte=tail()).aggregate(first=Min("pk"), newest=Max("pk"))
    if fresh["newest"] is None:
        return range(0)
    waiting = Event.objects.unsealed().aggregate(pk=Min("pk"))["pk"] or fresh["newest"]
    first = fresh["first"] // SIZE  # numbers that no event got are passed over
    return range(first, min(fresh["newest"] // SIZE, waiting // SIZE, first + at_most))


def renew(sealed: set[int]) -> None:
    """Make those indexed blocks anew that an event came into late, from a transaction that took its time.

    The caller holds the head of the chain.
    """
    end = tail()
    for number in {pk // SIZE for pk in sealed if pk < end}:
        make(number)


@transaction.atomic
def make(number: int) -> None:
    """Index one block. The caller holds the head of the chain, so that nothing is sealed meanwhile."""
    events = list(Event.objects.filter(pk__gte=number * SIZE, pk__lt=(number + 1) * SIZE).exclude(seq=None))
    Posting.objects.filter(block=number).delete()
    Block.objects.filter(pk=number).delete()
    made = [Posting(term=term, block=number, places=packed) for term, packed in postings(events).items()]
    Posting.objects.bulk_create(made, batch_size=500)
    times = [event.at for event in events]
    Block.objects.create(number=number, first_at=min(times, default=None), last_at=max(times, default=None))


def postings(events: Iterable[Event]) -> dict[str, bytes]:
    """Return every term of a block's events with its places, packed."""
    held: dict[str, array[int]] = defaultdict(lambda: array("H"))
    for event in sorted(events, key=lambda event: event.pk):
        for term in terms(event):
            held[term].append(event.pk % SIZE)
    return {term: pack(list(found)) for term, found in held.items()}
