"""Which part of a file is asked for: the header Range, as RFC 9110 says (section 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

RANGES = re.compile(r"(?i:bytes)=(.+)")
RANGE = re.compile(r"([0-9]*)-([0-9]*)")
MOST_DIGITS = 18  # of a position: what is longer lies behind the end of every file


@dataclass(frozen=True)
class Part:
    """Some bytes of a file that has `length` of them: from `first` to `last`, both of them included."""

    first: int
    last: int
    length: int

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"bytes {self.first}-{self.last}/{self.length}"


class Unsatisfiable(Exception):
    """Every part that is asked for lies behind the end of the file."""


def asked(header: str, length: int) -> Part | None:
    """Return the one part of a file of `length` bytes that a header asks for; None for the whole.

    A header that means nothing is ignored, as is one that asks for several parts, of which one is there: both are
    answered with the whole file, which every client must take. Raises Unsatisfiable.
    """
    found = RANGES.fullmatch(header.strip())
    words = [word.strip(" \t") for word in found[1].split(",")] if found else []
    ranges = [RANGE.fullmatch(word) for word in words if word]
    if not ranges or length == 0:
        return None
    parts = []
    for match in ranges:
        if match is None or not (match[1] or match[2]):
            return None
        first, last = (_position(text) if text else None for text in match.groups())
        if first is not None and last is not None and last < first:
            return None
        parts.append(_within(first, last, length))
    there = [part for part in parts if part]
    if not there:
        raise Unsatisfiable
    return there[0] if len(parts) == 1 else None


def _within(first: int | None, last: int | None, length: int) -> Part | None:
    """Return what is there of a part: `last` alone counts from the end. None where nothing is."""
    if first is None:
        assert last is not None
        return Part(max(0, length - last), length - 1, length) if last else None
    if first >= length:
        return None
    return Part(first, length - 1 if last is None else min(last, length - 1), length)


def _position(text: str) -> int:
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= MOST_DIGITS else 10**MOST_DIGITS
