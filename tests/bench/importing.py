"""What an import costs before anything is sent: python -m tests.bench importing [--megabytes 500] [--rows 500000].

A CSV checked and cut, beside the library's bare reading and writing in turn, each in a fresh process; the same file
passed on unchanged; a workbook opened, beside openpyxl's read-only mode. Processor time, for what others do slows all.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from imports.parse.checking import check
from imports.parse.passing import pass_on
from imports.parse.plan import Plan, Target
from imports.parse.reading import Reading
from imports.parse.splitting import split
from imports.parse.spreadsheets import convert

SPEED, PASSED, MEMORY = 12.0, 300.0, 200  # the targets: MB/s checked, MB/s passed on, MB at most
READING, OURS, CHILD = 4.0, 120, 2048  # times as fast as openpyxl; MB of our process and of its child
LIMIT, FULL = 49_500_000, 0.95
COLUMNS = {
    "email": "email", "mobile": "mobile", "first": "text", "last": "text", "town": "text", "country": "location",
    "born": "date", "joined": "timestamp", "points": "number", "spent": "decimal", "member": "boolean", "note": "text",
}  # fmt: skip
NAMES = ["Åsa", "Örjan", "Søren", "Märta", "Åke", "Sigrid", "Jukka", "Aino"]


def main(words: list[str]) -> int:
    """Print the report; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench importing")
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rows", type=int, default=500_000, help="of the workbook")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--once", choices=WAYS, help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    folder = Path(tempfile.gettempdir(), f"consent-desk-bench-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    table = folder / f"people-1-{arguments.megabytes}.csv"
    book = folder / f"people-1-{arguments.rows}.xlsx"
    if arguments.once:
        print(json.dumps(_measured(arguments.once, book if arguments.once in ("sheet", "openpyxl") else table)))
        return 0
    if not table.exists():
        _write_table(table, arguments.megabytes * 1_000_000)
    if not book.exists():
        _write_book(book, arguments.rows)
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    same = ["--megabytes", str(arguments.megabytes), "--rows", str(arguments.rows)]
    return _report(table, arguments.rounds, same)


def _report(table: Path, rounds: int, same: list[str]) -> int:
    size = table.stat().st_size / 1e6
    seen: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, runs in seen.items():
            words = [sys.executable, "-m", "tests.bench", "importing", *same, "--once", way]
            runs.append(json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout))
    cost = {way: median(run["cpu"] for run in runs) for way, runs in seen.items()}
    peak = {way: max(run["peak"] for run in runs) for way, runs in seen.items()}
    print(f"\n{size:,.0f} MB of {len(COLUMNS)} columns; medians of {rounds}, of processor time")
    for way, what in (
        ("checked", "checked and cut"),
        ("bare", "csv: read, written"),
        ("passed", "passed on unchanged"),
    ):
        print(f"  {what:<22} {cost[way]:6.1f} s, {size / cost[way]:6.1f} MB/s, peak {peak[way]:.0f} MB")
    print(f"  checking costs {cost['checked'] / cost['bare']:.2f} times the bare reading and writing")
    parts = seen["checked"][0]["parts"]
    print(f"  {len(parts)} parts, {min(parts[:-1], default=0) / LIMIT:.1%} full at least, none over the limit")
    faster = median(theirs["cpu"] / ours["cpu"] for ours, theirs in zip(seen["sheet"], seen["openpyxl"], strict=True))
    child = max(run["child"] for run in seen["sheet"])
    print(f"  a workbook is opened {faster:.1f} times as fast as by openpyxl (wanted {READING:.0f}),")
    print(f"  in {peak['sheet']:.0f} MB of our process and {child:.0f} MB of its child")
    wanted = (
        size / cost["checked"] >= SPEED,
        size / cost["passed"] >= PASSED,
        peak["checked"] <= MEMORY,
        all(FULL * LIMIT <= part <= LIMIT for part in parts[:-1]) and max(parts) <= LIMIT,
        faster >= READING,
        peak["sheet"] <= OURS,
        child <= CHILD,
    )
    return 0 if all(wanted) else 1


# ── One way, once ────────────────────────────────────────────────────────────────────────────────────────────


def _measured(way: str, path: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        before = time.process_time()
        found = WAYS[way](path, Path(scratch))
        own = time.process_time() - before
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu": own + child.ru_utime + child.ru_stime,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "child": child.ru_maxrss / 1024,
        "parts": found,
    }


def _checked(path: Path, scratch: Path) -> list[int]:
    targets = (
        Target(index, name, "key" if index == 0 else "attribute", kind, name)
        for index, (name, kind) in enumerate(COLUMNS.items())
    )
    plan = Plan(tuple(targets), duplicates="first")
    with path.open("rb") as file, (scratch / "rejects").open("wb") as rejects:
        checked = check(file, Reading(), plan, folder=scratch)
        file.seek(0)
        parts = split(
            file,
            Reading(),
            plan,
            checked,
            limit=LIMIT,
            part=lambda number: (scratch / f"part-{number}").open("wb"),
            numbers=lambda number: (scratch / f"rows-{number}").open("wb"),
            rejects=rejects,
            say=lambda field, kind: kind,
        )
    assert checked.findings.good == checked.findings.rows, "every row of this file is good"
    return [part.length for part in parts]


def _bare(path: Path, scratch: Path) -> list[int]:
    with path.open(newline="", encoding="utf-8") as file, (scratch / "out").open("w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(csv.reader(file))
    return []


def _passed(path: Path, scratch: Path) -> list[int]:
    with path.open("rb") as file:
        header = file.readline()
        chunks = iter(lambda: file.read(1024 * 1024), b"")
        return pass_on(chunks, header, limit=LIMIT, part=lambda number: (scratch / f"part-{number}").open("wb"))


def _sheet(path: Path, scratch: Path) -> list[int]:
    with (scratch / "table").open("w+b") as out:
        return [convert(str(path), "People", out, alive=lambda written: None).rows]


def _openpyxl(path: Path, scratch: Path) -> list[int]:
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    return [sum(1 for _row in book["People"].iter_rows(values_only=True))]


WAYS: dict[str, Callable[[Path, Path], list[int]]] = {
    "checked": _checked,
    "bare": _bare,
    "passed": _passed,
    "sheet": _sheet,
    "openpyxl": _openpyxl,
}


# ── What is measured on ──────────────────────────────────────────────────────────────────────────────────────


def _row(n: int, chance: random.Random) -> list[Any]:
    return [
        f"p{n}@example.com", 46000000000 + n, NAMES[n % 8], "Öberg", "Malmö", "SE",
        f"19{chance.randint(40, 99)}-0{chance.randint(1, 9)}-{chance.randint(10, 28)}", 1_600_000_000 + n,
        chance.randint(0, 5000), f"{chance.random() * 100:.2f}", "true", "papper",
    ]  # fmt: skip


def _write_table(path: Path, size: int) -> None:
    chance, n = random.Random(1), 0
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        while file.tell() < size:
            table.writerows(_row(n + more, chance) for more in range(10_000))
            n += 10_000


def _write_book(path: Path, rows: int) -> None:
    import openpyxl

    chance, book = random.Random(1), openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("People")
    sheet.append(list(COLUMNS))
    for n in range(rows):
        sheet.append(_row(n, chance))
    book.save(path)
