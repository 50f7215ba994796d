"""Which keys stand in more than one row: a table of hashes on disk, one for each row, looked through in shares.

Two keys of a file have the same hash of 64 bits by chance once in a million files of five million rows.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

SHARE = 400_000  # keys looked at together: what is in memory at a time
PIECE = 1024 * 1024  # bytes read at a time
WHOLE = 2**64
NOBODY = hash("")  # of rows without a key; where the wrong column is the key, that may be all of them


class Keys:
    """The keys of all rows, in their order."""

    def __init__(self, path: Path) -> None:
        self._path, self._count = path, 0

    def __enter__(self) -> Self:
        self._file = self._path.open("w+b")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def add(self, keys: Sequence[str]) -> None:
        """Write down the keys of the rows that follow, an empty one where a row has none."""
        self._file.write(array("q", map(hash, keys)).tobytes())
        self._count += len(keys)

    def repeated(self) -> Iterator[list[int]]:
        """Yield the places of each key that stands in several rows, of the first row 0."""
        shares = -(-self._count // SHARE)
        step = WHOLE // max(shares, 1) + 1
        for low in range(-(2**63), 2**63, step):
            hashes = [one for piece in self._pieces() for one in piece if low <= one < low + step and one != NOBODY]
            if len(set(hashes)) < len(hashes):
                yield from self._places(hashes)

    def _places(self, hashes: list[int]) -> Iterator[list[int]]:
        once: set[int] = set()
        twice: set[int] = set()
        for one in hashes:
            (twice if one in once else once).add(one)
        del once
        found: dict[int, list[int]] = defaultdict(list)
        place = 0
        for piece in self._pieces():
            for one in piece:
                if one in twice:
                    found[one].append(place)
                place += 1
        yield from found.values()

    def _pieces(self) -> Iterator[array[int]]:
        self._file.seek(0)
        while data := self._file.read(PIECE):
            yield array("q", data)
