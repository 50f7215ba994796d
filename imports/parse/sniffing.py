"""How a file seems to be written: encoding, delimiter, quotes, header. A guess, which a person looks at and corrects.

The rules were measured against libraries that guess (docs/benchmarks.md): bytes that are no valid UTF-8 are scored by
the letters that Nordic and neighbouring languages write.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from typing import Literal

from imports.parse.reading import DELIMITERS, Reading

SAMPLE = 256 * 1024  # bytes of a file that are enough to guess by
MOST_RECORDS = 200
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"),
)  # fmt: skip
_CODE_PAGES = ("cp1252", "mac_roman", "iso8859-15", "cp1250", "cp1251")
_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)

# Letters that our users' languages write, most of them often; then those of neighbours.
_COMMON = set("åäöÅÄÖæøÆØéÉüÜðþÐÞáíóúýÁÍÓÚÝ")
_SEEN = set("èêëàâçñôûïîÈÀÇÑßčšžŠŽČőű€°§´’–")
_CYRILLIC = re.compile("[\u0400-\u04ff]{2,}")

_VALUE = re.compile(r"[^\s@]+@[^\s@]+|[+\d][\d .,:/\-]*")


def kind(head: bytes) -> Literal["text", "zip", "ole"]:
    """Say what a file is by its first bytes, whatever it is called: a text, a zip (XLSX, ODS), or an old XLS."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    return "ole" if head.startswith(b"\xd0\xcf\x11\xe0") else "text"


def sniff(sample: bytes, *, is_whole: bool) -> Reading:
    """Guess how a text is read, from its first bytes; `is_whole` says that there are no others."""
    encoding = _encoding(sample, is_whole=is_whole)
    text = sample.decode(encoding, "replace")
    first, _, rest = text.partition("\n")
    if named := _SEPARATOR.fullmatch(first.strip()):
        delimiter, text = named.group(1), rest
    else:
        delimiter = _delimiter(text, is_whole=is_whole)
    return Reading(encoding, delimiter, '"', _header_row(_records(text, delimiter, is_whole=is_whole)))


def _encoding(sample: bytes, *, is_whole: bool) -> str:
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return "utf-16" if encoding.startswith("utf-16") else encoding
    if len(sample) >= 4 and b"\0" in sample:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        if max(even, odd) > len(sample) * 0.2:
            return "utf-16-le" if odd > even else "utf-16-be"
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character that is cut in two at the sample's end is no fault of the file.
        if is_whole or error.start < len(sample) - 3 or error.reason != "unexpected end of data":
            return max(_CODE_PAGES, key=lambda page: _score(sample, page))
    return "utf-8"


def _score(sample: bytes, page: str) -> float:
    """Return how much a text looks like one, read by a code page: its letters beyond ASCII, where words have them."""
    text = sample.decode(page, "replace")
    score = 0.0
    for before, sign, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if sign < "\x80":
            continue
        beside = before.isalpha() or after.isalpha()
        if sign in _COMMON:
            score += 3.0 if beside else 0.5
            # Words are not written with one capital in their middle.
            score -= 4.0 if sign.isupper() and before.islower() else 0.0
        elif sign in _SEEN:
            score += 1.0
        elif sign.isalpha():
            score += 0.2
        else:
            score -= 2.0
    score += sum(len(word) for word in _CYRILLIC.findall(text)) * 0.6 if page == "cp1251" else 0.0
    # Of two that fit alike the first stands, which most files are.
    return score - _CODE_PAGES.index(page) * 0.01


def _records(text: str, delimiter: str, *, is_whole: bool) -> list[list[str]]:
    lines = io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"), newline="")
    found: list[list[str]] = []
    try:
        for record in csv.reader(lines, delimiter=delimiter):
            found.append(record)
            if len(found) >= MOST_RECORDS:
                return found
    except csv.Error:
        pass
    # The last one is cut where the sample ends.
    return found if is_whole or len(found) < 2 else found[:-1]


def _delimiter(text: str, *, is_whole: bool) -> str:
    """Return the delimiter that gives the most consistent width over one column; a comma where none does."""

    def quality(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(record) for record in _records(text, delimiter, is_whole=is_whole) if any(record))
        wide = {width: count for width, count in widths.items() if width > 1}
        if not wide:
            return 0.0, 0
        width, count = max(wide.items(), key=lambda found: (found[1], found[0]))
        return count / sum(widths.values()), width

    return max(DELIMITERS, key=lambda delimiter: (round(quality(delimiter)[0], 1), quality(delimiter)[1]))


def _header_row(records: list[list[str]]) -> int:
    """Return the row that the titles stand in: the first as wide as most, where none of it looks like a value."""
    widths = Counter(len(record) for record in records if any(record))
    if not widths:
        return 1
    usual = widths.most_common(1)[0][0]
    for row, record in enumerate(records, 1):
        if len(record) == usual and any(record):
            looks_like_values = any(_VALUE.fullmatch(cell.strip()) for cell in record)
            return 0 if looks_like_values else row
    return 1
