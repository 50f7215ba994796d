"""What becomes of each column, of repeated people and of what is faulty: decided by a person, kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from imports.parse.values import LOSSLESS

Kind = Literal["key", "attribute", "tag", "consent"]
Duplicates = Literal["", "first", "last", "none"]

MEND, LEAVE_OUT, BLANK = "mend", "leave_out", "blank"
TOO_FEW = "too_few_cells"  # a fault of a whole row


@dataclass(frozen=True)
class Target:
    """Where one column goes: its place and title in the file, what it is there, how its cells are checked.

    `type` is one of imports.parse.values.CHECKERS; `field` the column's name in the parts.
    """

    index: int
    title: str
    kind: Kind
    type: str
    field: str
    empty: Literal["leave", "erase"] = "leave"


@dataclass(frozen=True)
class Given:
    """A column of our own with a 1 in every row: what is given to all."""

    field: str


@dataclass(frozen=True)
class Plan:
    """Everything that a check goes by. One target is the key.

    `duplicates` says which of several rows of one key goes; while nobody has said, none does, and they count as faulty.
    `choices` says by "<field>:<kind of fault>" what becomes of a faulty cell: "mend" where it can be, "blank" (the cell
    goes empty) where it is not the key, "leave_out" (its row does not go). Without a choice, what loses nothing is
    mended and all else left out. A row that is too short is mended by empty cells at its end.
    """

    targets: tuple[Target, ...]
    given: tuple[Given, ...] = ()
    duplicates: Duplicates = ""
    choices: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Target:
        return next(target for target in self.targets if target.kind == "key")

    @property
    def fields(self) -> list[str]:
        """The header of every part."""
        return [*(target.field for target in self.targets), *(given.field for given in self.given)]

    def choice(self, target: Target, kind: str) -> str:
        """Return what becomes of a cell with this fault."""
        chosen = self.choices.get(f"{target.field}:{kind}", MEND if kind in LOSSLESS else LEAVE_OUT)
        return LEAVE_OUT if chosen == BLANK and target.kind == "key" else chosen

    @property
    def fills(self) -> bool:
        """Whether the cells that a row lacks at its end are taken for empty ones."""
        return self.choices.get(f":{TOO_FEW}") == MEND

    def to_json(self) -> dict[str, Any]:
        """Write as a plain dict."""
        return asdict(self) | {"choices": dict(self.choices)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(
            targets=tuple(Target(**target) for target in kept["targets"]),
            given=tuple(Given(**given) for given in kept["given"]),
            duplicates=kept["duplicates"],
            choices=dict(kept["choices"]),
        )
