"""How a file is read, and why one cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

ENCODINGS = (
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "iso8859-15", "mac_roman", "cp1250", "cp1251",
    "cp1257", "shift_jis",
)  # fmt: skip
DELIMITERS = (",", ";", "\t", "|")
QUOTES = ('"', "'", "")


@dataclass(frozen=True)
class Reading:
    """How the text of a file becomes rows.

    `encoding` is a codec of Python's; `delimiter` and `quote` one character each, `quote` empty where there is none.
    `header_row` is the row with the titles as Excel counts rows, 1 for the first; 0 where there is none. `sheet` names
    that of a spreadsheet, whose copy as text the other fields then speak of.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    header_row: int = 1
    sheet: str = ""

    def to_json(self) -> dict[str, Any]:
        """Write as a plain dict."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(**kept)


class Unreadable(Exception):
    """A file, or a place in it, cannot be read. `code` says why, `facts` where: `row` is the last one that could be."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts
