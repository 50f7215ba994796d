"""Rules over segment names, such as `women & !(students | vips)`.

Source: developer.apsis.com, "Request profile duplicates export", which shows `!`, `&` and parentheses; `|` and its
place below `&` are inferred.
"""

import re
from collections.abc import Callable, Mapping

Member = Callable[[int], bool]
"""Tells whether the profile with this number belongs to something."""

_WORDS = re.compile(r"\s*([!&|()]|[^\s!&|()]+)")
_LONGEST = 200


def read(text: str, members: Mapping[str, Member]) -> Member:
    """Return the question that a rule asks; raises ValueError with a sentence that goes on after "the rule"."""
    words = _WORDS.findall(text)
    if not 0 < len(words) <= _LONGEST:
        raise ValueError(f"must hold one to {_LONGEST} names and signs")
    reader = _Reader(words, members)
    whole = reader.either()
    if reader.next:
        raise ValueError(f"goes on after its end: {reader.next}")
    return whole


class _Reader:
    """Read words from left to right, each method one rank of signs."""

    def __init__(self, words: list[str], members: Mapping[str, Member]) -> None:
        self._words, self._members, self._place = words, members, 0

    @property
    def next(self) -> str:
        return self._words[self._place] if self._place < len(self._words) else ""

    def take(self) -> str:
        word = self.next
        self._place += 1
        return word

    def either(self) -> Member:
        left = self.both()
        while self.next == "|":
            self.take()
            left = _either(left, self.both())
        return left

    def both(self) -> Member:
        left = self.single()
        while self.next == "&":
            self.take()
            left = _both(left, self.single())
        return left

    def single(self) -> Member:
        word = self.take()
        if word == "!":
            return _not(self.single())
        if word == "(":
            inside = self.either()
            if self.take() != ")":
                raise ValueError("has an open parenthesis")
            return inside
        if word not in self._members:
            raise ValueError(f"names {word or 'nothing'}, which segments does not define")
        return self._members[word]


def _either(left: Member, right: Member) -> Member:
    return lambda number: left(number) or right(number)


def _both(left: Member, right: Member) -> Member:
    return lambda number: left(number) and right(number)


def _not(inner: Member) -> Member:
    return lambda number: not inner(number)
