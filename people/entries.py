"""One entry of an index: a person's truncated keyed hash, and what the file says of their consent. No plaintext.

Twelve bytes of HMAC-SHA256 name somebody, two are flags. A hash that is cut to 96 bits still tells everybody apart: of
ten million entries, one that belongs to somebody else is met by a look-up with odds of 10⁷ : 2⁹⁶, one in 8 · 10²¹, and
whatever two people of all ten million share an entry, with one in 1.6 · 10¹⁵.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from struct import Struct

DIGEST = 12  # bytes
ENTRY = Struct(f">{DIGEST}sH")
SIZE = ENTRY.size
IS_KEY = 1 << 15  # the entry is of a row's export key: there is one a person, while addresses are several
MOST_CHANNELS = 15


def pack(digest: bytes, flags: int) -> bytes:
    """Return the bytes of an entry. `flags` has a bit for each channel, by its place, and IS_KEY."""
    return digest[:DIGEST] + flag_bytes(flags)


@cache
def flag_bytes(flags: int) -> bytes:
    return flags.to_bytes(2, "big")


def unpack(block: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield (digest, flags) of whole entries."""
    return ENTRY.iter_unpack(block)


def in_order(block: bytes) -> list[bytes]:
    """Return whole entries sorted, each digest once: somebody who stands in several rows has what any of them says."""
    found: list[bytes] = []
    last = b""
    for entry in sorted(block[at : at + SIZE] for at in range(0, len(block), SIZE)):
        digest = entry[:DIGEST]
        if digest == last:
            found[-1] = digest + bytes(map(int.__or__, found[-1][DIGEST:], entry[DIGEST:]))
        else:
            found.append(entry)
            last = digest
    return found
