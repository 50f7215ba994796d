"""The index of one file: its entries in order, behind a header that names the key of INDEX_KEYS they were made with.

Digests are spread evenly, so where one must stand can be reckoned: a look-up reads the few entries around that place,
and searches on by halves where it was not there. In a file of any size that is one read, nearly always.
"""

from __future__ import annotations

from bisect import bisect_left
from math import isqrt
from struct import Struct
from typing import IO

from people.entries import DIGEST, SIZE

MAGIC = b"drawer1\n"
HEADER = Struct(">8s8s")  # MAGIC, the id of the key
WHOLE = 1 << 8 * DIGEST
AROUND = 4  # standard deviations that are read around the reckoned place: what is missed is searched for


class Damaged(Exception):
    """What is stored is no index, or not all of one."""


def header(key_id: str) -> bytes:
    """Return what an index begins with; sorted entries follow, to its end."""
    return HEADER.pack(MAGIC, key_id.encode())


class Index:
    """An index that is open for reading, made with a key, of so many entries. Raises Damaged."""

    def __init__(self, file: IO[bytes], key_id: str, count: int) -> None:
        self._file, self.count = file, count
        if file.read(HEADER.size) != header(key_id):
            raise Damaged

    def flags(self, digest: bytes) -> int | None:
        """Return what the file says of whoever has a digest; None where nobody in it has."""
        digest = digest[:DIGEST]
        place, block, first = self._look(digest)
        at = (place - first) * SIZE
        found = block[at : at + SIZE]
        return int.from_bytes(found[DIGEST:], "big") if found[:DIGEST] == digest else None

    def place(self, digest: bytes) -> int:
        """Return how many entries come before a digest."""
        return self._look(digest[:DIGEST])[0]

    def read(self, first: int, end: int) -> bytes:
        """Return the entries from one place up to another."""
        self._file.seek(HEADER.size + first * SIZE)
        block = self._file.read((end - first) * SIZE)
        if len(block) != (end - first) * SIZE:
            raise Damaged
        return block

    def _look(self, digest: bytes) -> tuple[int, bytes, int]:
        """Return the place of a digest, and the block that it was found in with the place of that."""
        low, high = 0, self.count  # the place is one of these, or between them
        around = AROUND * isqrt(self.count) // 2 + 8
        middle = int.from_bytes(digest, "big") * self.count // WHOLE
        while True:
            first, end = max(low, middle - around), min(high, middle + around)
            block = self.read(first, end)
            if first > low and block[:DIGEST] > digest:
                high = first
            elif end < high and block[-SIZE:][:DIGEST] < digest:
                low = end
            else:
                starts = range(0, len(block), SIZE)
                within = bisect_left(starts, digest, key=lambda at: block[at : at + DIGEST])
                return first + within, block, first
            middle = (low + high) // 2
