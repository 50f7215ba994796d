"""Whose consent has lapsed: who had one in a file, and has none in the newest later file that tells of them.

All files of one subject are read side by side in one pass, newest first within a slice, so that each is read once and
the memory is flat however large they are. People are told apart by their export keys. Whoever stands in no later file
is not counted: nothing is known of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cache

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F

from people.entries import DIGEST, IS_KEY, unpack
from people.index import WHOLE, Damaged, Index
from people.models import FileIndex

SLICE = 200_000  # entries of all files together that are held at once: 30 MB
MOST = 100  # files that are read: the newest
VALUE = 32  # bits that what is known of a channel is away from whether it is known

Alive = Callable[[], None]


def renew(newest: FileIndex, alive: Alive) -> None:
    """Reckon anew for all files of a subject, after another one has come.

    `alive` is called every now and then, and may raise to stop. Repeated, it finds the same.
    """
    # Under another key everybody has another hash.
    comparable = FileIndex.objects.filter(subject=newest.subject, key_id=newest.key_id)
    # Where another step has written meanwhile, it may know less or more: reckoned again from what is there now.
    while not _renewed(list(comparable.order_by("-as_of", "-pk")[:MOST]), alive):
        pass


def _renewed(rows: Sequence[FileIndex], alive: Alive) -> bool:
    """Reckon for these, newest first, and write it down; return False where somebody else has written meanwhile."""
    found = reckon(rows, alive)
    with transaction.atomic():
        for row in rows:
            there = FileIndex.objects.filter(pk=row.pk)
            as_of = rows[0].as_of if row != rows[0] else None
            written = there.filter(lapsed_no=row.lapsed_no).update(
                lapsed=found[row.pk], lapsed_as_of=as_of, lapsed_no=F("lapsed_no") + 1
            )
            if not written and there.exists():
                transaction.set_rollback(True)
                return False
    return True


def reckon(rows: Sequence[FileIndex], alive: Alive) -> Mapping[int, dict[str, int]]:
    """Return {key of a row: {channel: people who had a consent there and have none later}}; rows come newest first."""
    channels = sorted({channel for row in rows for channel in row.channels})
    with ExitStack() as opened:
        files = [_Reading(row, channels, opened) for row in rows]
        slices = max(1, sum(file.count for file in files) // SLICE)
        for number in range(1, slices + 1):
            alive()
            _tell(files, _bound(number, slices))
    return {row.pk: file.told(channels) for row, file in zip(rows, files, strict=True)}


def _bound(number: int, slices: int) -> bytes | None:
    """Return the digest that a slice ends before; None for the last."""
    return (number * WHOLE // slices).to_bytes(DIGEST, "big") if number < slices else None


class _Reading:
    """A file that is read slice by slice. One that is gone or damaged tells nothing from then on."""

    def __init__(self, row: FileIndex, channels: Sequence[str], opened: ExitStack) -> None:
        self._at, self.count = 0, 0
        # Each file has its channels at places of its own.
        places = [(1 << at, 1 << channels.index(channel)) for at, channel in enumerate(row.channels)]
        self.channels = sum(bit for _place, bit in places)
        self.said = cache(lambda flags: sum(bit for place, bit in places if flags & place))
        self.lapsed: Counter[int] = Counter()  # people, by which channels lapsed together
        try:
            file = opened.enter_context(default_storage.open(row.storage_name, "rb"))
            self._index = Index(file, row.key_id, row.entries)
            self.count = row.entries
        except (FileNotFoundError, Damaged):
            pass

    def upto(self, bound: bytes | None) -> Iterator[tuple[bytes, int]]:
        """Yield the entries before a digest that were not read before."""
        if self._at >= self.count:
            return iter(())
        try:
            end = self._index.place(bound) if bound else self.count
            first, self._at = self._at, end
            return unpack(self._index.read(first, end))
        except Damaged:
            self._at = self.count
            return iter(())

    def told(self, channels: Sequence[str]) -> dict[str, int]:
        sums = {
            channel: sum(people for together, people in self.lapsed.items() if together >> at & 1)
            for at, channel in enumerate(channels)
        }
        return {channel: people for channel, people in sums.items() if people}


def _tell(files: Sequence[_Reading], bound: bytes | None) -> None:
    """Read a slice of every file, newest first, and count in each what those before it do not confirm."""
    newest: dict[bytes, int] = {}  # what is known of whom: a bit for each channel that is, and above it, what it says
    for file in files:
        said_of, channels, lapsed = file.said, file.channels, file.lapsed
        for digest, flags in file.upto(bound):
            if not flags & IS_KEY:
                continue
            said = said_of(flags)
            known = newest.get(digest)
            if known is None:
                newest[digest] = channels | said << VALUE
                continue
            if gone := said & known & ~(known >> VALUE):
                lapsed[gone] += 1
            fresh = channels & ~known
            newest[digest] = known | fresh | (said & fresh) << VALUE
