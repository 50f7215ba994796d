"""Bringing a file home: what came is kept byte for byte, unpacked beside it, read to its end, and read back.

One chain of iterators, each a few lines; memory does not grow with the file. No Django but the storage handed in.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Generic, Protocol, TypeVar

from exports.contents import NotAsPromised

CHUNK = 1024 * 1024  # bytes read from storage at a time
UNPACKED = 64 * 1024  # bytes unpacked at a time, at most: as many as come at a time, and they fit into a cache

F = TypeVar("F")


class Storage(Protocol):
    """The part of Django's storage that is used here."""

    def open(self, name: str, mode: str) -> IO[bytes]: ...
    def delete(self, name: str) -> None: ...


@dataclass(frozen=True)
class Received(Generic[F]):
    """A file that was kept and verified. Lengths in bytes, digests in hexadecimal; `found` is what was read in it."""

    received_length: int
    received_sha256: str
    content_length: int
    content_sha256: str
    found: F


class Meter:
    """Count and digest what passes."""

    def __init__(self) -> None:
        self.length = 0
        self._digest = hashlib.sha256()

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.length += len(chunk)
            self._digest.update(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def keep(
    chunks: Iterable[bytes],
    *,
    gzipped: bool,
    read: Callable[[Iterator[bytes]], F],
    storage: Storage,
    name: str,
    most: int,
    alive: Callable[[str, int], None],
) -> Received[F]:
    """Write the chunks to `name` as they come, verify them on the way, and read the file back.

    `read` is given the unpacked bytes, reads them to their end, and returns what it found or raises NotAsPromised.
    `most` caps the unpacked bytes. `alive(stage, bytes)` is called for every chunk, with "fetching" or "verifying"; it
    may raise to stop. Raises NotAsPromised for a file that is not what was asked for, FileExistsError for a name that
    is taken, and whatever `chunks`, `storage` and `alive` raise. A file that did not pass is deleted.
    """
    received = content = Meter()
    file = storage.open(name, "wb")  # outside of `try`: a file that was there before is not ours to delete
    try:
        with file:
            unpacked = kept = _kept(received.watch(chunks), file, alive, received)
            if gzipped:
                content = Meter()
                unpacked = content.watch(gunzip(kept))
            found = read(_capped(unpacked, most))
        _read_back(storage, name, received, alive)
    except BaseException:
        storage.delete(name)
        raise
    return Received(received.length, received.sha256, content.length, content.sha256, found)


def _kept(chunks: Iterator[bytes], file: IO[bytes], alive: Callable[[str, int], None], meter: Meter) -> Iterator[bytes]:
    for chunk in chunks:
        file.write(chunk)
        alive("fetching", meter.length)
        yield chunk


def gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack a gzip stream, in pieces of bounded size.

    Raises NotAsPromised when it is damaged, ends early, or is followed by anything but another member: a file that was
    sent over HTTP has no reason to be padded, not even with zeros.
    """
    unpack = zlib.decompressobj(wbits=31)
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if unpack.eof:  # a gzip file may have several members, one after another
                    unpack = zlib.decompressobj(wbits=31)
                yield unpack.decompress(rest, UNPACKED)
                rest = unpack.unconsumed_tail or unpack.unused_data
    except zlib.error:
        raise NotAsPromised("gzip_damaged") from None
    # zlib has compared the checksum and the length with the stream's own when it says that it is at the end.
    if not unpack.eof:
        raise NotAsPromised("gzip_cut_short")


def _capped(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > most:
            raise NotAsPromised("file_too_large", most=most)
        yield chunk


def _read_back(storage: Storage, name: str, received: Meter, alive: Callable[[str, int], None]) -> None:
    """Digest what is in storage: what was written must be what came."""
    stored = Meter()
    with storage.open(name, "rb") as file:
        for _ in stored.watch(iter(lambda: file.read(CHUNK), b"")):
            alive("verifying", stored.length)
    if stored.sha256 != received.sha256:
        raise NotAsPromised("stored_otherwise")
