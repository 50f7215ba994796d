"""The first pass over a file: every cell looked at, every row given its fate.

Rows are looked at many at a time and column by column, so that what is good, as most is, costs little; only columns in
which something is amiss are looked at cell by cell. Repeated keys are found by a table on disk (imports/parse/keys.py).
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from imports.parse.keys import Keys
from imports.parse.plan import BLANK, MEND, TOO_FEW, Plan, Target
from imports.parse.reading import Reading
from imports.parse.rows import batches, head
from imports.parse.values import CHECKERS, stored

# What becomes of a row, one byte each.
GOOD, MENDED, FAULTY, EMPTY, REPEATED, REWRITTEN = range(6)
GOING = (GOOD, MENDED, REWRITTEN)

EXAMPLES = 50  # of each kind of fault in each column
PAIRS = 5  # values of each column of days, as they are and as the vendor will store them

Example = tuple[int, str, str | None]


@dataclass
class Fault:
    """One kind of fault in one column: in how many rows, and whether we can mend it."""

    field: str
    kind: str
    count: int = 0
    is_mendable: bool = False


@dataclass
class Findings:
    """What a check found, in figures: nobody's own words are in it.

    `rows` are those of the file; `good` go, `mended` among them; `faulty` and `repeated` do not. `empties` counts the
    empty cells of each field, among the rows that are not faulty.
    """

    rows: int = 0
    good: int = 0
    mended: int = 0
    faulty: int = 0
    repeated: int = 0
    faults: list[Fault] = field(default_factory=list)
    empties: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Write as a plain dict."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(**{**kept, "faults": [Fault(**fault) for fault in kept["faults"]]})


@dataclass
class Checked:
    """A file after the first pass. `fates` has a byte for each row that is not blank, in order.

    `examples` are by (field, kind) the first faulty rows: number, value, the value mended. `pairs` are by field the
    first values of days, each with how the vendor will store it. Both hold what stands in the file.
    """

    findings: Findings
    fates: bytearray
    examples: dict[tuple[str, str], list[Example]]
    pairs: dict[str, list[tuple[str, str]]]


def check(
    file: IO[bytes], reading: Reading, plan: Plan, *, folder: Path, alive: Callable[[int], None] = lambda read: None
) -> Checked:
    """Look at every row of a file. `folder` takes the table of keys; `alive` is told how many bytes were read.

    Raises Unreadable, with the row where reading ended, and what `alive` raises.
    """
    width = len(head(file, reading)[0])
    file.seek(0)
    looking = _Looking(plan, width)
    with Keys(folder / "keys") as keys, gc_at_rest():
        for numbers, batch in batches(file, reading):
            keys.add(looking.take(numbers, batch))
            alive(file.tell())
        looking.repeat(keys)
    return looking.checked()


@contextmanager
def gc_at_rest() -> Iterator[None]:
    """Let the garbage collector rest: rows hold no circles, and to look for some costs a fifth of a pass."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Cells:
    """One row's cells under a plan: mended or blanked where the plan says so."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def judge(self, target: Target, value: str) -> tuple[str, str | None, str | None]:
        """Return the kind of fault ("" for none), what is sent (None: the row does not go), and the value mended.

        The last is what could be sent if the plan said so; None where nobody can know.
        """
        if not value or not value.strip():
            return ("missing", None, None) if target.kind == "key" else ("", "", "")
        found = CHECKERS[target.type].look(value)
        if found is None:
            return "", value, value
        kind, mended = found
        if target.type == "flag" and mended is not None:
            return "", mended, mended  # yes and no in any language are what such a column is for, and no fault
        choice = self._plan.choice(target, kind)
        return kind, "" if choice == BLANK else mended if choice == MEND else None, mended


class _Looking:
    """The pass itself: counts and fates as they grow."""

    def __init__(self, plan: Plan, width: int) -> None:
        self._plan, self._width = plan, width
        self._cells = Cells(plan)
        self._known: dict[str, set[str]] = defaultdict(set)
        self._faults: dict[tuple[str, str], Fault] = {}
        self._examples: dict[tuple[str, str], list[Example]] = defaultdict(list)
        self._pairs: dict[str, dict[str, str]] = {t.field: {} for t in plan.targets if t.type in ("date", "timestamp")}
        self._empties = dict.fromkeys((target.field for target in plan.targets), 0)
        self._numbers: list[Sequence[int]] = []
        self.fates = bytearray()

    def take(self, numbers: Sequence[int], batch: list[list[str]]) -> Sequence[str]:
        """Look at some rows; return the key of each, as it would be sent."""
        first = len(self.fates)
        fates = bytearray(len(batch))
        self.fates += fates
        if set(map(len, batch)) != {self._width}:
            batch = self._ragged(numbers, batch, first)
        columns = list(zip(*batch, strict=True))
        sent: dict[str, Sequence[str]] = {}
        for target in self._plan.targets:
            values = columns[target.index]
            good = CHECKERS[target.type].are_good(values, self._known[target.field])
            if good and not (target.kind == "key" and "" in values):
                sent[target.field] = values
            else:
                sent[target.field] = self._cell_by_cell(target, numbers, values, batch, first)
            if target.field in self._pairs and len(self._pairs[target.field]) < PAIRS:
                self._pair(target, values)
        self._numbers.append(numbers)
        self._count_empty(sent, first)
        keys = sent[self._plan.key.field]
        # An address is one person's however it is written; of other identifiers nobody knows whether case parts them.
        return list(map(str.casefold, keys)) if self._plan.key.type == "email" else keys

    def _count_empty(self, sent: Mapping[str, Sequence[str]], first: int) -> None:
        """Count the empty cells of the rows that go so far."""
        fates = self.fates[first:]
        all_go = not any(fates)
        for name, values in sent.items():
            if all_go:
                self._empties[name] += values.count("")
            else:
                goes = (fate in GOING for fate in fates)
                self._empties[name] += sum(go and not value for value, go in zip(values, goes, strict=True))

    def _ragged(self, numbers: Sequence[int], batch: list[list[str]], first: int) -> list[list[str]]:
        """Mark rows that are wider or narrower than the header, and give each its width, so that columns can be told.

        Cells that are missing at a row's end, or empty beyond it, are what spreadsheets leave out or leave behind.
        """
        even = []
        for place, (number, row) in enumerate(zip(numbers, batch, strict=True), first):
            if len(row) != self._width:
                if len(row) > self._width and any(row[self._width :]):
                    self._fault("", "too_many_cells", number, str(len(row)), None)
                    self.fates[place] = FAULTY
                elif len(row) < self._width and not any(cell.strip() for cell in row):
                    self.fates[place] = EMPTY
                elif len(row) < self._width:
                    self._fault("", TOO_FEW, number, str(len(row)), "")
                    self.fates[place] = MENDED if self._plan.fills else FAULTY
                row = [*row[: self._width], *[""] * (self._width - len(row))]
            even.append(row)
        return even

    def _cell_by_cell(
        self, target: Target, numbers: Sequence[int], values: Sequence[str], batch: list[list[str]], first: int
    ) -> list[str]:
        """Look at each cell of a column; return what would be sent."""
        sent, judge, fates = [], self._cells.judge, self.fates
        for place, (number, value) in enumerate(zip(numbers, values, strict=True), first):
            kind, found, mended = judge(target, value)
            if kind and fates[place] != EMPTY:
                if kind == "missing" and not any(cell.strip() for cell in batch[place - first]):
                    fates[place] = EMPTY
                else:
                    self._fault(target.field, kind, number, value, mended)
                    if found is None:
                        fates[place] = FAULTY
                    elif fates[place] == GOOD:
                        fates[place] = MENDED
            elif found != value and fates[place] == GOOD:
                fates[place] = REWRITTEN
            sent.append(found or "")
        return sent

    def _fault(self, name: str, kind: str, number: int, value: str, mended: str | None) -> None:
        fault = self._faults.setdefault((name, kind), Fault(name, kind))
        fault.count += 1
        fault.is_mendable = fault.is_mendable or mended is not None
        if fault.count <= EXAMPLES:
            self._examples[name, kind].append((number, value, mended))

    def _pair(self, target: Target, values: Sequence[str]) -> None:
        pairs = self._pairs[target.field]
        for value in values:
            if value.strip() and value not in pairs:
                _kind, sent, _ = self._cells.judge(target, value)
                if sent:
                    pairs[value] = stored(target.type, sent)
                if len(pairs) >= PAIRS:
                    return

    def repeat(self, keys: Keys) -> None:
        """Give their fates to rows whose key stands in another row as well."""
        goes = {"first": min, "last": max}.get(self._plan.duplicates)
        fate = REPEATED if self._plan.duplicates else FAULTY
        found: list[int] = []
        for places in keys.repeated():
            rows = [place for place in places if self.fates[place] in GOING]
            if len(rows) > 1:
                kept = goes(rows) if goes else None
                found += (place for place in rows if place != kept)
        for place in sorted(found):
            self.fates[place] = fate
            self._fault(self._plan.key.field, "repeated", self._number(place), "", None)

    def _number(self, place: int) -> int:
        for numbers in self._numbers:
            if place < len(numbers):
                return numbers[place]
            place -= len(numbers)
        raise IndexError(place)

    def checked(self) -> Checked:
        counts = [self.fates.count(fate) for fate in range(6)]
        findings = Findings(
            rows=len(self.fates) - counts[EMPTY],
            good=sum(counts[fate] for fate in GOING),
            mended=counts[MENDED],
            faulty=counts[FAULTY],
            repeated=counts[REPEATED],
            faults=list(self._faults.values()),
            empties=self._empties,
        )
        pairs = {name: list(found.items()) for name, found in self._pairs.items()}
        return Checked(findings, self.fates, dict(self._examples), pairs)
