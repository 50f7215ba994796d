"""Who is new, who is gone, and whose consent is another, between two files of consents. No Django; flat memory.

The rows of both files are first laid out by their keys into a temporary file, those of one key beside one another
whichever file they are from. Then one part after the other is compared, and only one is ever held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from tempfile import TemporaryFile
from typing import IO, Any, Literal, NamedTuple
from zlib import crc32

from exports.rows import Piece

What = Literal["lost", "gained", "moved", "left", "came"]

ROWS_A_PART = 40_000  # of both files together, as far as keys scatter
MOST_PARTS = 512
GATHERED = 8 * 1024 * 1024  # bytes, before they are written out
# Bytes that UTF-8 has not: what stands between two cells, and after a row.
CELL, ROW = b"\xff", b"\xfe"


class ColumnsMissing(Exception):
    """A file has no column of a title that was asked for, or none that can be its key. `titles` says which."""

    def __init__(self, titles: Sequence[str]) -> None:
        super().__init__(len(titles))
        self.titles = titles


class NotAsVerified(Exception):
    """The rows are not as wide as the header: the file has changed since it was verified."""


@dataclass(frozen=True)
class Side:
    """One of the two files: its pieces (exports/rows.py), the title of its key, and its consents in one order."""

    pieces: Iterator[Piece]
    key: str
    consents: Sequence[str]


class Change(NamedTuple):
    """What became of one person on one channel, which is named by its place; None for somebody without any consent."""

    what: What
    channel: int | None
    key: bytes
    before: bytes
    now: bytes


@dataclass
class Channel:
    """How many people, of those who could be compared.

    `before` − `lost` − `left` + `gained` + `came` is `now`.
    """

    before: int = 0
    lost: int = 0  # are in both files
    gained: int = 0  # are in both files
    left: int = 0  # had consented, and are only in the older
    came: int = 0  # have consented, and are only in the newer
    moved: int = 0  # are in both files, with another address
    now: int = 0


@dataclass
class Unclear:
    """Rows of a file that were left out: whose key is blank, or stands more than once in either file."""

    blank: int = 0
    again: int = 0


@dataclass
class Counts:
    """What was found. Whoever is in `both`, `left` or `came` is one person by a key of their own."""

    both: int = 0
    left: int = 0
    came: int = 0
    keys_again: int = 0
    rows: list[int] = field(default_factory=lambda: [0, 0])  # of the older file and of the newer, all of them
    unclear: list[Unclear] = field(default_factory=lambda: [Unclear(), Unclear()])
    channels: list[Channel] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(older: Side, newer: Side, counts: Counts, *, rows: int) -> Iterator[list[Change]]:
    """Yield the changes part by part, and count into `counts` as they are yielded.

    `rows` is about how many both files have together. Keys that are blank or stand twice are counted, and nobody is
    guessed. Raises ColumnsMissing and NotAsVerified, and what reading the pieces raises.
    """
    counts.channels = [Channel() for _title in older.consents]
    many = min(MOST_PARTS, rows // ROWS_A_PART + 1)
    with ExitStack() as stack:
        laid = [Laid(many, stack.enter_context(TemporaryFile())) for _side in (older, newer)]
        for place, side in enumerate((older, newer)):
            _lay_out(side, laid[place], counts, place)
        for number in range(many):
            yield _compared(_read(laid[0].part(number)), _read(laid[1].part(number)), counts)


# ── Laying out ───────────────────────────────────────────────────────────────────────────────────────────────


class Laid:
    """Rows by the part that their key belongs to, in one temporary file, which nobody else can open."""

    def __init__(self, parts: int, file: IO[bytes]) -> None:
        self._gathered = [bytearray() for _ in range(parts)]
        self._spans: list[list[tuple[int, int]]] = [[] for _ in range(parts)]
        self._file, self._end, self._held = file, 0, 0

    def add(self, keys: Sequence[bytes], lines: Sequence[bytes]) -> None:
        gathered, parts = self._gathered, len(self._gathered)
        for key, line in zip(keys, lines, strict=True):
            gathered[crc32(key) % parts] += line
        self._held += sum(map(len, lines))
        if self._held > GATHERED:
            self._write_out()

    def part(self, number: int) -> Iterator[bytes]:
        """Yield the rows of a part as blocks of whole ones."""
        for at, length in self._spans[number]:
            self._file.seek(at)
            yield self._file.read(length)
        yield bytes(self._gathered[number])

    def _write_out(self) -> None:
        self._held = 0
        self._file.seek(self._end)
        for gathered, spans in zip(self._gathered, self._spans, strict=True):
            if gathered:
                spans.append((self._end, len(gathered)))
                self._end += self._file.write(gathered)
                gathered.clear()


def _lay_out(side: Side, laid: Laid, counts: Counts, place: int) -> None:
    """Lay out the rows of a file that have a key; count all, and those that have none."""
    header = next(side.pieces, [])
    assert isinstance(header, list)
    at = places(header, side)
    for cells in _columns(side.pieces, len(header), at):
        keys = cells[0]
        counts.rows[place] += len(keys)
        lines = [CELL.join(row) + ROW for row in zip(*cells, strict=True)]
        if blank := keys.count(b""):
            counts.unclear[place].blank += blank
            lines = [line for key, line in zip(keys, lines, strict=True) if key]
            keys = [key for key in keys if key]
        laid.add(keys, lines)


def places(header: Sequence[str], side: Side) -> list[int]:
    """Return where the key and the consents stand. Raises ColumnsMissing."""
    if missing := [title for title in (side.key, *side.consents) if title not in header]:
        raise ColumnsMissing(missing)
    return [header.index(title) for title in (side.key, *side.consents)]


def _columns(pieces: Iterable[Piece], width: int, at: Sequence[int]) -> Iterator[list[list[bytes]]]:
    """Yield some columns of some rows at a time. Raises NotAsVerified."""
    for piece in pieces:
        if isinstance(piece, bytes):
            cells = piece[:-1].replace(b"\n", b",").split(b",")
            if len(cells) != width * piece.count(b"\n") or CELL in piece or ROW in piece:
                raise NotAsVerified
            yield [cells[place::width] for place in at]
        else:
            row = piece or [""]  # an empty line is a row of one empty cell
            if len(row) != width:
                raise NotAsVerified
            yield [[row[place].encode()] for place in at]


# ── Comparing ────────────────────────────────────────────────────────────────────────────────────────────────


def _read(blocks: Iterable[bytes]) -> tuple[dict[bytes, bytes], dict[bytes, int]]:
    """Return the consents by key, and how often a key stands that does so more than once."""
    found: dict[bytes, bytes] = {}
    again: dict[bytes, int] = {}
    for block in blocks:
        for row in block.split(ROW)[:-1]:
            key, _cell, consents = row.partition(CELL)
            if key in found:
                again[key] = again.get(key, 1) + 1
            else:
                found[key] = consents
    return found, again


def _compared(
    older: tuple[dict[bytes, bytes], dict[bytes, int]],
    newer: tuple[dict[bytes, bytes], dict[bytes, int]],
    counts: Counts,
) -> list[Change]:
    """Return what changed within a part, and count it."""
    (before, before_again), (now, now_again) = older, newer
    _leave_out(before, now, before_again, now_again, counts)
    changes: list[Change] = []
    for key, consents in before.items():
        if (present := now.pop(key, None)) is None:
            counts.left += 1
            changes += _alone("left", key, consents, counts)
            continue
        counts.both += 1
        if present != consents:
            changes += _both(key, consents, present, counts)
        else:
            _same(consents, counts)
    counts.came += len(now)
    for key, consents in now.items():
        changes += _alone("came", key, consents, counts)
    return changes


def _leave_out(
    before: dict[bytes, bytes],
    now: dict[bytes, bytes],
    before_again: dict[bytes, int],
    now_again: dict[bytes, int],
    counts: Counts,
) -> None:
    """Take out the keys that stand more than once in either file: whose row is whose, nobody knows."""
    for key in before_again.keys() | now_again.keys():
        counts.keys_again += 1
        for place, (found, again) in enumerate(((before, before_again), (now, now_again))):
            if found.pop(key, None) is not None:
                counts.unclear[place].again += again.get(key, 1)


def _cells(consents: bytes, counts: Counts) -> list[bytes]:
    # Of no text at all, split makes one piece.
    return consents.split(CELL) if counts.channels else []


def _same(consents: bytes, counts: Counts) -> None:
    for channel, address in zip(counts.channels, _cells(consents, counts), strict=True):
        if address:
            channel.before += 1
            channel.now += 1


def _both(key: bytes, before: bytes, now: bytes, counts: Counts) -> Iterator[Change]:
    pairs = zip(_cells(before, counts), _cells(now, counts), strict=True)
    for place, (channel, (old, new)) in enumerate(zip(counts.channels, pairs, strict=True)):
        channel.before += bool(old)
        channel.now += bool(new)
        if old == new:
            continue
        what: What = "moved" if old and new else "lost" if old else "gained"
        setattr(channel, what, getattr(channel, what) + 1)
        yield Change(what, place, key, old, new)


def _alone(what: Literal["left", "came"], key: bytes, consents: bytes, counts: Counts) -> Iterator[Change]:
    """Yield a line for each channel that somebody has consented on; one all the same for whoever has on none."""
    is_one = False
    for place, (channel, address) in enumerate(zip(counts.channels, _cells(consents, counts), strict=True)):
        if not address:
            continue
        is_one = True
        if what == "left":
            channel.before += 1
            channel.left += 1
            yield Change(what, place, key, address, b"")
        else:
            channel.now += 1
            channel.came += 1
            yield Change(what, place, key, b"", address)
    if not is_one:
        yield Change(what, None, key, b"", b"")
