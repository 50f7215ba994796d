"""What it costs to make another form of a file: python -m tests.bench converting [--rows 1000000].

A workbook beside openpyxl's write-only mode with lxml, each in a fresh process, in turn; then a CSV for Excel, those
who may be contacted, and the figures of every column. Processor time, for what others do slows all of them.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

WIDTH = 12
RATIO, MEMORY, SPEED = 5.0, 60, 30.0  # the targets: times as fast, MB at most, MB/s at least
CHUNK = 64 * 1024
PASSES = ("excel-csv", "contactable", "columns")  # each once through the file


def main(words: list[str]) -> int:
    """Print the report; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench converting")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="of each, in turn")
    parser.add_argument("--once", help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    path = Path(tempfile.gettempdir(), f"consent-desk-bench-{os.getuid()}", f"cells-1-{arguments.rows}.csv")
    if arguments.once:
        print(json.dumps(_once(arguments.once, path, arguments.rows)))
        return 0
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _make(path, arguments.rows)
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    return _report(path, arguments.rows, arguments.rounds)


def _report(path: Path, rows: int, rounds: int) -> int:
    size = path.stat().st_size / 1e6
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in ("workbook", "openpyxl", *PASSES)}
    for _ in range(rounds):
        for name, runs in seen.items():
            words = [sys.executable, "-m", "tests.bench", "converting", "--rows", str(rows), "--once", name]
            runs.append(json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout))
    print(f"\n{rows:,} rows of {WIDTH} cells, {size:.0f} MB; medians of {rounds}")
    for name, runs in seen.items():
        cpu, peak = median(run["cpu"] for run in runs), max(run["peak"] for run in runs)
        print(f"  {name:<12} {cpu:6.1f} s of processor, {size / cpu:6.1f} MB/s, peak {peak:.0f} MB")
    ratios = [theirs["cpu"] / ours["cpu"] for ours, theirs in zip(seen["workbook"], seen["openpyxl"], strict=True)]
    print(f"  the workbook is {median(ratios):.1f} times as fast as openpyxl's (wanted {RATIO})")
    slowest = min(size / median(run["cpu"] for run in seen[name]) for name in PASSES)
    peak = max(run["peak"] for name in ("workbook", *PASSES) for run in seen[name])
    return 0 if median(ratios) >= RATIO and slowest >= SPEED and peak <= MEMORY else 1


def _make(path: Path, rows: int) -> None:
    chance = random.Random(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["export_key", "EmailConsent", "Mobile", "Name", "Town", "Day", "Number", "Note", "S", "T", "Sum", "X"]
        )
        for n in range(rows):
            consent = f"person{n}@example.com" if n % 3 else ""
            note = "one, two" if n % 50 == 0 else "some words"
            writer.writerow(
                [f"{chance.getrandbits(128):032x}", consent, f"4600{n:07}", "Åsa Öberg", "Malmö",
                 f"2026-03-{n % 28 + 1:02}", n, note, n % 2, 1 - n % 2, f"{n * 1.5:.2f}", ""]
            )  # fmt: skip


def _once(name: str, path: Path, rows: int) -> dict[str, float]:
    """Make one form in this process; return its processor seconds and its peak in MB."""
    from tests.bench.memory import peak_of

    began = time.process_time()
    with tempfile.TemporaryFile() as to:
        if name == "openpyxl":
            _by_openpyxl(path, to)
        else:
            _by_us(name, path, to, rows)
    return {"cpu": time.process_time() - began, "peak": peak_of("self") / 1e6}


def _by_us(name: str, path: Path, to: object, rows: int) -> None:
    from exports import excel_csv, selection, survey, workbook
    from exports import rows as csv_rows

    pieces = csv_rows.of(_chunks(path))
    if name == "excel-csv":
        excel_csv.write(pieces, to)  # type: ignore[arg-type]
    elif name == "columns":
        survey.take(pieces)
    elif name == "contactable":
        csv_rows.write(selection.contactable(pieces, selection.Contactable(("EmailConsent",), ("S",))), to)  # type: ignore[arg-type]
    else:
        most, at = (rows, path.stat().st_size), datetime.now(tz=UTC)
        workbook.write(pieces, to, kinds={}, rows=rows, most=most, about=[["Bench"]], at=at)  # type: ignore[arg-type]


def _by_openpyxl(path: Path, to: object) -> None:
    import openpyxl
    from openpyxl.xml import lxml_available

    assert lxml_available(), "the comparison is with lxml: pip install lxml"
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            sheet.append(row)
    book.save(to)  # type: ignore[arg-type]


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
