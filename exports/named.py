"""Who is named in a consent export: the keyed hashes of each row's key and addresses, with what it says of consent.

Addresses are looked for in the columns that are asked for as such: those of consent, whose cells are the addresses, and
the attributes for e-mail and mobile. A cell there that is no address is counted and left out. No Django; flat memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from exports.rows import Piece
from exports.spec import ADDRESS_ATTRIBUTES, EMAIL, SMS, ConsentSpec
from exports.survey import NotAsVerified
from people import addresses
from people.entries import DIGEST, IS_KEY, MOST_CHANNELS, flag_bytes

EMAIL_ATTRIBUTE = "com.apsis1.attributes.email"
READERS: dict[str, Callable[[str], Any]] = {
    EMAIL: addresses.email,
    SMS: addresses.phone,
    **{name: addresses.email if name == EMAIL_ATTRIBUTE else addresses.phone for name in ADDRESS_ATTRIBUTES},
}


@dataclass(frozen=True)
class Layout:
    """Where a file names people. `channels` are the vendor's ids, by their place in the flags."""

    width: int
    channels: Sequence[str]
    consents: Sequence[int]  # columns, in the same order
    addresses: Sequence[tuple[int, Callable[[str], Any]]]  # columns, and how each is read


def channels(spec: ConsentSpec) -> dict[str, str]:
    """Return {the vendor's id: the name} of the channels that a file tells of, in the order of the flags."""
    return {channel.id: channel.name for channel in spec.consents[:MOST_CHANNELS]}


def layout(spec: ConsentSpec, header: Sequence[str]) -> Layout:
    """Return where a file of these titles names people. Raises NotAsVerified where a column is missing."""
    asked = list(channels(spec))
    try:
        consents = [header.index(channel.column) for channel in spec.consents[:MOST_CHANNELS]]
        named = [(at, READERS.get(channel, addresses.read)) for channel, at in zip(asked, consents, strict=True)]
        named += [
            (header.index(attribute.column), READERS[attribute.discriminator])
            for attribute in spec.attributes
            if attribute.discriminator in ADDRESS_ATTRIBUTES
        ]
    except ValueError:
        raise NotAsVerified from None
    return Layout(len(header), asked, consents, named)


class Names:
    """The entries of a file's people, piece by piece. `unread` counts what should be an address and is none."""

    def __init__(self, where: Layout, digest: Callable[[str, str], bytes]) -> None:
        self._where, self._digest = where, digest
        self.rows = self.unread = 0

    def of(self, pieces: Iterable[Piece]) -> Iterator[list[bytes]]:
        """Yield the entries of rows, many at a time. Raises NotAsVerified for rows of another width."""
        width = self._where.width
        for piece in pieces:
            if isinstance(piece, list):
                cells, rows = piece or [""], 1
            else:
                cells, rows = piece.decode()[:-1].replace("\n", ",").split(","), piece.count(b"\n")
            if len(cells) != rows * width:
                raise NotAsVerified
            self.rows += rows
            yield self._entries(lambda at, cells=cells: cells[at::width], rows)  # type: ignore[misc]

    def _entries(self, column: Callable[[int], list[str]], rows: int) -> list[bytes]:
        flags = [0] * rows
        for place, at in enumerate(self._where.consents):
            bit = 1 << place
            flags = [said | bit if cell else said for said, cell in zip(flags, column(at), strict=True)]
        tails = list(map(flag_bytes, flags))
        # What the vendor calls the key's column is not documented; it comes first.
        entries = [
            self._digest("key", cell)[:DIGEST] + flag_bytes(said | IS_KEY)
            for cell, said in zip(column(0), flags, strict=True)
            if cell
        ]
        known: dict[tuple[Any, str], bytes] = {}  # an address often stands in its row twice
        for at, read in self._where.addresses:
            for cell, tail in zip(column(at), tails, strict=True):
                if not cell:
                    continue
                digest = known.get((read, cell))
                if digest is None:
                    digest = known[read, cell] = self._named(cell, read)
                if digest:
                    entries.append(digest + tail)
        return entries

    def _named(self, cell: str, read: Callable[[str], Any]) -> bytes:
        """Return the digest of an address; nothing where it is none."""
        try:
            address = read(cell)
        except addresses.Unreadable:
            self.unread += 1
            return b""
        return self._digest(address.kind, address.text)[:DIGEST]
