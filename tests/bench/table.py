"""A consent export of any size, made once and kept: invented people, and some hostile cells."""

from __future__ import annotations

import csv
import io
import os
import random
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MADE = 2  # counted up when the rows become others, so that no old table is measured
HEADER = ("export_key", "EmailConsent", "MobileConsent", "Email", "Mobile", "City", "Note", "Regulars")

PEOPLE = 65_536  # different people; far more of them than fit into gzip's window of 32 KiB
AT_ONCE = 4_096  # rows
FIRST = ("Anna", "Björn", "Cecilia", "Daniel", "Elin", "Fredrik", "Håkan", "Ingrid", "Karin", "Lars", "Åsa", "Örjan")
LAST = ("Andersson", "Bergström", "Dahl", "Ek", "Forsberg", "Gustafsson", "Holm", "Jönsson", "Lindqvist", "Nyström")
CITIES = ("Stockholm", "Göteborg", "Malmö", "Uppsala", "Västerås", "Örebro", "København", "Oslo", "Helsinki", "Łódź")
WORDS = ("likes", "running", "shoes", "size", "42", "member", "since", "spring", "asked", "for", "fewer", "letters")
HOSTILE = (
    'says "no thanks", twice',
    "lives at\nStorgatan 1, 2 tr",
    "pasted from a letter\r\nwith its line ends",
    '""',
    "=HYPERLINK(A1)",
    "שלום, عالم, 🛒",
    ";,\t|",
)


@dataclass(frozen=True)
class Table:
    """A table on disk, plain and as gzip beside it. Lengths in bytes."""

    path: Path
    rows: int
    length: int
    packed_length: int


def made(length: int, folder: Path | None = None) -> Table:
    """Return the table of about so many bytes, from the folder of earlier ones or made now."""
    folder = folder or Path(tempfile.gettempdir()) / f"consent-desk-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"table-{MADE}-{length}.csv"
    packed, count = Path(f"{path}.gz"), Path(f"{path}.rows")
    if not count.exists():  # written last, so what is there is whole
        count.write_text(str(_write(path, packed, length)))
    return Table(path, int(count.read_text()), path.stat().st_size, packed.stat().st_size)


def _write(path: Path, packed: Path, length: int) -> int:
    rows = 0
    squeeze = zlib.compressobj(level=6, wbits=31)
    with path.open("wb") as plain, packed.open("wb") as small:
        for count, block in _blocks():
            rows += count
            plain.write(block)
            small.write(squeeze.compress(block))
            if plain.tell() >= length:
                break
        small.write(squeeze.flush())
    return rows


def _blocks() -> Iterator[tuple[int, bytes]]:
    """Yield (rows, bytes): the header, then rows without end. The same every time."""
    yield 0, _line(HEADER)
    chance = random.Random(1)
    people = [_line(_person(chance)) for _ in range(PEOPLE)]
    first = 0
    while True:
        numbers = range(first, first + AT_ONCE)
        # Steps of an odd width meet everybody, in another order than the pool's.
        yield AT_ONCE, b"".join(_key(n) + people[n * 40_503 % PEOPLE] for n in numbers)
        first += AT_ONCE


def _key(number: int) -> bytes:
    scattered = number * 0x9E3779B97F4A7C15 % 2**64
    return b"%08x-%04x-4%03x-8%03x-%012x," % (
        scattered >> 32,
        scattered >> 16 & 0xFFFF,
        scattered & 0xFFF,
        number & 0xFFF,
        number,
    )


def _person(chance: random.Random) -> tuple[str, ...]:
    first, last = chance.choice(FIRST), chance.choice(LAST)
    email = f"{first}.{last}.{chance.randrange(100_000)}@example.com".lower() if chance.random() < 0.9 else ""
    mobile = f"467{chance.randrange(10**8):08}" if chance.random() < 0.6 else ""
    note = " ".join(chance.choices(WORDS, k=chance.randrange(3, 20))) if chance.random() < 0.4 else ""
    if chance.random() < 0.03:
        note = chance.choice(HOSTILE)
    by_email, by_mobile = chance.random() < 0.6, chance.random() < 0.4
    city, regular = chance.choice(CITIES), str(int(chance.random() < 0.3))
    return (email if by_email else "", mobile if by_mobile else "", email, mobile, city, note, regular)


def _line(cells: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()
