"""A column of people that somebody pasted or sent: who they are, and what was left out, line by line. No Django."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from consents import keys
from consents.keys import Key, NoKey, Why
from upstream.apsis.builtin import CRM_KEYSPACE
from upstream.apsis.definitions import Keyspace

MOST = 5_000  # people of one list
LONGEST = 2_000_000  # bytes of what is pasted or sent

_END = re.compile(r"\r\n|\r|\n")
_CELL = re.compile(r"[;\t,]")


class TooMany(ValueError):
    """More people than a list may have."""

    def __init__(self, people: int) -> None:
        super().__init__(people)
        self.people = people


@dataclass(frozen=True)
class Fault:
    """A line that is no key, by its number from 1, and why; what stands in it is not said."""

    line: int
    why: Why


@dataclass
class Pasted:
    """The people in their order, each once, and what was left out."""

    people: list[Key] = field(default_factory=list)
    has_header: bool = False
    blanks: int = 0
    doubles: int = 0
    faults: list[Fault] = field(default_factory=list)


def decoded(content: bytes) -> str:
    """Return the text of a file: UTF-8, or what Excel in the Nordic countries writes."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def read(text: str, keyspaces: Sequence[Keyspace], keyspace: str = "") -> Pasted:
    """Read the first cell of every line as a key: of a keyspace, or of what each looks like. Raises TooMany.

    The first line is a header where it is no key as the others are.
    """
    found, seen = Pasted(), set[Key]()
    lines = [(number, _cell(line)) for number, line in enumerate(_END.split(text), 1)]
    # What stands behind the last line end is no line.
    while lines and not lines[-1][1]:
        lines.pop()
    for number, cell in lines:
        if not cell:
            found.blanks += 1
            continue
        try:
            key = keys.read(cell, keyspaces, keyspace)
        except NoKey as error:
            found.faults.append(Fault(number, error.why))
            continue
        if key in seen:
            found.doubles += 1
            continue
        seen.add(key)
        found.people.append(key)
    _take_header(found, lines)
    if len(found.people) > MOST:
        raise TooMany(len(found.people))
    return found


def _cell(line: str) -> str:
    return _CELL.split(line.strip(), maxsplit=1)[0].strip().strip("\"'").strip()


def _take_header(found: Pasted, lines: Sequence[tuple[int, str]]) -> None:
    """Take the first line that says anything for a header: one that is no key, or a word where the others are none."""
    first = next((number for number, cell in lines if cell), 0)
    if found.faults and found.faults[0].line == first and found.people:
        found.faults.pop(0)
        found.has_header = True
        return
    if len(found.people) < 2 or found.people[0].keyspace != CRM_KEYSPACE or any(map(str.isdigit, found.people[0].text)):
        return
    commonest = Counter(key.keyspace for key in found.people[1:]).most_common(1)[0][0]
    if commonest != CRM_KEYSPACE or any(sign.isdigit() for key in found.people[1:3] for sign in key.text):
        found.people.pop(0)
        found.has_header = True
