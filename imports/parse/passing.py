"""Cutting a file that goes on unchanged: no cell is looked at, so it costs no more than reading and writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO


def pass_on(chunks: Iterator[bytes], header: bytes, *, limit: int, part: Callable[[int], IO[bytes]]) -> list[int]:
    """Cut a file at the ends of its records, with the header in every part; return the bytes of each.

    `chunks` are the bytes after the header, `part(n)` opens the file of the nth. A record ends at a line's end with an
    even number of quotes before it. Raises ValueError where one record alone is over the limit.
    """
    parts = _Parts(header, limit, part)
    rest = b""
    for chunk in chunks:
        piece = rest + chunk if rest else chunk
        rest = piece[parts.fill(piece) :]
    parts.put(rest)  # a last line without an end
    parts.close()
    return parts.sizes


class _Parts:
    """The parts so far, the last of them open."""

    def __init__(self, header: bytes, limit: int, part: Callable[[int], IO[bytes]]) -> None:
        self._header, self._limit, self._part = header, limit, part
        self._file: IO[bytes] | None = None
        self.sizes: list[int] = []

    def fill(self, piece: bytes) -> int:
        """Write the whole records at the beginning of a piece; return where the first begins that is not whole."""
        start = 0
        while True:
            self._open()
            end = min(len(piece), start + self._limit - self.sizes[-1])
            cut = _record_end(piece, start, end)
            self._write(memoryview(piece)[start:cut])
            start = cut
            if end == len(piece):
                return start
            self._turn()

    def put(self, record: bytes) -> None:
        """Write one record, to a new part where this one has no room."""
        if record:
            self._open()
            if self.sizes[-1] + len(record) > self._limit:
                self._turn()
                self._open()
            self._write(memoryview(record))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def _open(self) -> None:
        if self._file is None:
            self._file = self._part(len(self.sizes) + 1)
            self.sizes.append(0)
            self._write(memoryview(self._header))

    def _write(self, data: memoryview) -> None:
        assert self._file is not None
        self._file.write(data)
        self.sizes[-1] += len(data)

    def _turn(self) -> None:
        """Close a part that is full. Raises ValueError for one that has not even taken a record."""
        if self.sizes[-1] == len(self._header):
            raise ValueError("one record alone is longer than a part may be")
        self.close()


def _record_end(piece: bytes, start: int, end: int) -> int:
    """Return the place after the last record that ends before `end`; `start` is where a record begins."""
    quotes, cut = piece.count(b'"', start, end), end
    while (line := piece.rfind(b"\n", start, cut)) >= 0:
        quotes -= piece.count(b'"', line, cut)
        if quotes % 2 == 0:
            return line + 1
        cut = line
    return start
