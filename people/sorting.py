"""Sorting more entries than memory holds: dealt out by their first bits into one file, and then sorted part by part.

Digests are spread evenly, so the parts come out alike, and each holds only what is greater than the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

from people.entries import SIZE, in_order

PART = 200_000  # entries that are sorted at once: about 15 MB
MOST_PARTS = 4_096
HELD = 1_170 * SIZE  # bytes of a part that are held back, so that it is written in pieces: 16 KB


class Sorter:
    """Takes entries in any order, and gives them back sorted. `expected` need only be about right."""

    def __init__(self, expected: int, scratch: IO[bytes]) -> None:
        self._parts = min(max(1, -(-expected // PART)), MOST_PARTS)
        self._held = [bytearray() for _ in range(self._parts)]
        self._pieces: list[list[tuple[int, int]]] = [[] for _ in range(self._parts)]  # (offset, bytes) in the file
        self._scratch, self._end = scratch, 0

    def add(self, entries: Iterable[bytes]) -> None:
        """Take entries, packed. Raises OSError when the disk is full."""
        held, parts = self._held, self._parts
        for entry in entries:
            part = ((entry[0] << 8 | entry[1]) * parts) >> 16
            pieces = held[part]
            pieces += entry
            if len(pieces) >= HELD:
                self._put(part)

    def blocks(self) -> Iterator[bytes]:
        """Yield all entries in order, each digest once, many at a time."""
        for part, pieces in enumerate(self._pieces):
            found = []
            for offset, length in pieces:
                self._scratch.seek(offset)
                found.append(self._scratch.read(length))
            found.append(bytes(self._held[part]))
            yield b"".join(in_order(b"".join(found)))

    def _put(self, part: int) -> None:
        self._scratch.write(self._held[part])
        self._pieces[part].append((self._end, len(self._held[part])))
        self._end += len(self._held[part])
        self._held[part] = bytearray()
