"""The terminal: one line at a time, after whoever says it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TextIO

LONGEST_LINE = 500  # characters shown of a line; a whole traceback may be one
_UNPRINTABLE = dict.fromkeys((*range(9), *range(10, 32), *range(127, 160)), "\N{REPLACEMENT CHARACTER}")


class Screen:
    """Prints what the desk and its children say."""

    def __init__(self, out: TextIO, logs: Path) -> None:
        self._out, self._logs = out, logs
        self._width = 7

    def make_room(self, name: str) -> None:
        """Keep the column of names as wide as the longest."""
        self._width = max(self._width, len(name))

    def say(self, line: str, *, who: str = "desk") -> None:
        """Print one line, after whoever says it. What vendors wrote into a log moves no cursor here."""
        if len(line) > LONGEST_LINE:
            line = f"{line[:LONGEST_LINE]} … (in full: {self._logs / who}.log)"
        self.show(f"{who:<{self._width}} │ {line.translate(_UNPRINTABLE)}")

    def show(self, text: str) -> None:
        """Print text as it is. A terminal that has gone away is no reason to fall over."""
        with contextlib.suppress(OSError, ValueError):
            print(text, file=self._out, flush=True)
