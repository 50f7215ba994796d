"""Whose consent has lapsed: who had one in a file, and has none in the newest later file that tells of them.

Two sorted files are read side by side, a slice at a time, so the memory is flat however large they are. People are told
apart by their export keys. Whoever stands in no later file is not counted: nothing is known of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache

from django.core.files.storage import default_storage
from django.db.models import F, QuerySet

from people.entries import DIGEST, IS_KEY, SIZE, unpack
from people.index import Damaged, Index
from people.models import FileIndex

SLICE = 50_000  # entries
MOST = 50  # later files that are read, and earlier ones that are reckoned anew: the newest

Alive = Callable[[], None]


def renew(newest: FileIndex, alive: Alive) -> None:
    """Reckon anew for whatever another file makes different: that file itself, and the earlier ones of its subject.

    `alive` is called every now and then, and may raise to stop. Repeated, it finds the same.
    """
    earlier = _comparable(newest).filter(as_of__lt=newest.as_of).order_by("-as_of")[:MOST]
    for pk in [newest.pk, *earlier.values_list("pk", flat=True)]:
        while not _renew(pk, alive):
            pass  # another step has written meanwhile, and may know more: reckoned again from what is there now


def _renew(pk: int, alive: Alive) -> bool:
    row = FileIndex.objects.filter(pk=pk).first()
    if row is None:
        return True
    later = list(_comparable(row).filter(as_of__gt=row.as_of).order_by("-as_of")[:MOST])
    try:
        lapsed = count(row, later, alive)
    except (FileNotFoundError, Damaged):
        # One of them was swept meanwhile, or lies damaged: what was known before stays, and nothing hangs on it.
        return True
    written = FileIndex.objects.filter(pk=pk, lapsed_no=row.lapsed_no).update(
        lapsed=lapsed, lapsed_as_of=later[0].as_of if later else None, lapsed_no=F("lapsed_no") + 1
    )
    return bool(written) or not FileIndex.objects.filter(pk=pk).exists()


def _comparable(row: FileIndex) -> QuerySet[FileIndex]:
    # Under another key everybody has another hash.
    return FileIndex.objects.filter(subject=row.subject, key_id=row.key_id)


def count(row: FileIndex, later: Sequence[FileIndex], alive: Alive) -> dict[str, int]:
    """Return {channel: people who had a consent in a file and have none in later ones}; those newest first."""
    counts: Counter[int] = Counter()
    with ExitStack() as opened:
        mine = _open(row, opened)
        others = [_Later(_open(of, opened), row.channels, of.channels) for of in later]
        for first in range(0, mine.count if others else 0, SLICE):
            alive()
            block = mine.read(first, min(first + SLICE, mine.count))
            waiting = {digest: flags & ~IS_KEY for digest, flags in unpack(block) if flags & IS_KEY and flags != IS_KEY}
            last = block[-SIZE:][:DIGEST]
            for other in others:
                other.settle(waiting, last, counts)
    return {channel: counts[place] for place, channel in enumerate(row.channels) if counts[place]}


def _open(row: FileIndex, opened: ExitStack) -> Index:
    return Index(opened.enter_context(default_storage.open(row.storage_name, "rb")), row.key_id, row.entries)


class _Later:
    """A later file, read on as far as the slice of the earlier one goes."""

    def __init__(self, index: Index, mine: Sequence[str], theirs: Sequence[str]) -> None:
        self._index, self._at = index, 0
        places = [(1 << mine.index(channel), 1 << at) for at, channel in enumerate(theirs) if channel in mine]
        self._shared = sum(my for my, _their in places)
        # What their flags are in the places of ours.
        self._read = cache(lambda flags: sum(my for my, their in places if flags & their))

    def settle(self, waiting: dict[bytes, int], last: bytes, counts: Counter[int]) -> None:
        """Take out of `waiting` what this file tells of anybody up to `last`, and count what it does not confirm."""
        shared, read = self._shared, self._read
        while self._at < self._index.count:
            block = self._index.read(self._at, min(self._at + SLICE, self._index.count))
            for digest, flags in unpack(block):
                if digest in waiting and flags & IS_KEY:
                    had = waiting[digest]
                    _add(counts, had & shared & ~read(flags))
                    waiting[digest] = had & ~shared  # of other channels an older file may tell
            if block[-SIZE:][:DIGEST] > last:
                # Its end belongs to the next slice too.
                self._at = self._index.place(last)
                return
            self._at += len(block) // SIZE


def _add(counts: Counter[int], bits: int) -> None:
    place = 0
    while bits:
        if bits & 1:
            counts[place] += 1
        bits >>= 1
        place += 1
