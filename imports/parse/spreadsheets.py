"""Spreadsheets as text: XLSX, XLS, ODS and XLSB, read in a process of their own, which may die of one without us.

The child (imports.parse.child) has limits on memory and processor time. It reads by a fast reader, which holds a whole
sheet; where that dies, a second one reads by openpyxl, which holds a row.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from imports.parse.reading import Unreadable

CHILD = Path(__file__).with_name("child.py")
PIECE = 256 * 1024  # bytes taken from the child at a time
PAUSE = 1.0  # seconds after which `alive` is told again, though nothing has come


@dataclass(frozen=True)
class Converted:
    """A sheet that was written as CSV: the rows to the last that is not empty, the header among them.

    `remarks` count cells: `long_numbers` of more than 15 digits, whose last ones the spreadsheet has lost; `errors` of
    formulas, which are written as they look (#N/A).
    """

    sheet: str
    rows: int
    remarks: Mapping[str, int] = field(default_factory=dict)


class _Died(Exception):
    """The child was ended by a signal, or ran out of memory."""


def sheets(path: str) -> list[str]:
    """Return the names of a spreadsheet's sheets. Raises Unreadable."""
    try:
        return list(_run(["sheets", path], None, lambda written: None)["sheets"])
    except _Died:
        raise Unreadable("damaged") from None


def convert(path: str, sheet: str, out: IO[bytes], *, alive: Callable[[int], None]) -> Converted:
    """Write a sheet as CSV: UTF-8, commas, a blank line for an empty row, so that rows keep their numbers.

    Days are written by ISO 8601, whole numbers without a point, what formulas came to; a text stays as it is. `alive`
    is told how many bytes were written, every second at least. Raises what `alive` raises, and Unreadable: `damaged`,
    `password`, `bomb`, `no_sheet`, `too_slow`, `too_many_rows`, `too_many_columns`; `out` is then of no use.
    """
    start = out.tell()
    try:
        said = _run(["calamine", path, sheet], out, alive)
    except _Died:
        out.seek(start)
        out.truncate()
        try:
            said = _run(["openpyxl", path, sheet], out, alive)
        except _Died:
            raise Unreadable("bomb") from None
    return Converted(sheet, said["rows"], said["remarks"])


def _run(words: list[str], out: IO[bytes] | None, alive: Callable[[int], None]) -> dict[str, Any]:
    """Run the child; return what it says. Raises Unreadable and _Died."""
    with (
        tempfile.TemporaryFile() as says,
        subprocess.Popen(  # noqa: S603 — our own program, and a path of ours
            [sys.executable, "-I", str(CHILD), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=says,
            env={},  # it needs nothing of what we know
        ) as child,
    ):
        try:
            _take(child, out, alive)
        finally:
            child.kill()
        code = child.wait()
        says.seek(0)
        lines = says.read().splitlines()
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        raise Unreadable("too_slow")
    if code < 0:
        raise _Died
    said: dict[str, Any] = json.loads(lines[-1])
    if said.get("code") == "bomb" and not said["facts"]:
        raise _Died
    if code:
        raise Unreadable(said["code"], **said["facts"])
    return said


def _take(child: subprocess.Popen[bytes], out: IO[bytes] | None, alive: Callable[[int], None]) -> None:
    """Take everything that the child writes, until it has ended."""
    assert child.stdout is not None
    written = 0
    with selectors.DefaultSelector() as ready:
        ready.register(child.stdout, selectors.EVENT_READ)
        while True:
            if ready.select(PAUSE):
                piece = os.read(child.stdout.fileno(), PIECE)
                if not piece:
                    break
                if out is not None:
                    out.write(piece)
                written += len(piece)
            alive(written)
    child.wait()
