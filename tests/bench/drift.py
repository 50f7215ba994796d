"""What it costs to compare two exports of one segment: python -m tests.bench drift [--rows 1000000].

Two files of as many rows in another order, of which one in fifty has changed; in a fresh process each round. Processor
time, for what others do slows all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

SECONDS, MEMORY = 60, 300  # the targets, for a million rows each: of processor, and MB at most
CHUNK = 64 * 1024
HEADER = "export_key,EmailConsent,MobileConsent,Email,Mobile,Name,Town,Members\n"


def main(words: list[str]) -> int:
    """Print the report; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench drift")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    folder = Path(tempfile.gettempdir(), f"consent-desk-bench-{os.getuid()}")
    paths = [folder / f"drift-1-{arguments.rows}-{name}.csv" for name in ("older", "newer")]
    if arguments.once:
        print(json.dumps(_once(paths, arguments.rows)))
        return 0
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not paths[1].exists():
        _make(paths, arguments.rows)
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    return _report(paths, arguments.rows, arguments.rounds)


def _report(paths: list[Path], rows: int, rounds: int) -> int:
    command = [sys.executable, "-m", "tests.bench", "drift", "--rows", str(rows), "--once"]
    runs = [json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout) for _ in range(rounds)]
    size = sum(path.stat().st_size for path in paths) / 1e6
    cpu, wall = median(run["cpu"] for run in runs), median(run["wall"] for run in runs)
    peak = max(run["peak"] for run in runs)
    print(f"\n2 × {rows:,} rows, {size:.0f} MB together; medians of {rounds}")
    print(f"  {cpu:.1f} s of processor, {wall:.1f} s by the clock, {size / cpu:.1f} MB/s, peak {peak:.0f} MB")
    print(f"  {runs[0]['changes']:,} lines of people who changed (wanted ≤ {SECONDS} s a million, ≤ {MEMORY} MB)")
    return 0 if cpu <= SECONDS * max(1, rows / 1e6) and peak <= MEMORY else 1


def _make(paths: list[Path], rows: int) -> None:
    """Write the same people twice: a hundredth gone, a hundredth new, others with another consent or address."""
    for path, seed in zip(paths, (0, 1), strict=True):
        chance = random.Random(1)
        first = seed * rows // 100
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(HEADER)
            # A vendor promises no order: the newer file has blocks of rows in another one.
            blocks = list(range(first, first + rows, 1_000))
            random.Random(seed).shuffle(blocks)
            for block in blocks:
                file.writelines(_line(n, seed, chance) for n in range(block, min(block + 1_000, first + rows)))


def _line(n: int, seed: int, chance: random.Random) -> str:
    key = f"{n * 0x9E3779B97F4A7C15 % 2**128:032x}"
    by_email = (n % 10 < 6) != (seed == 1 and n % 100 == 7)
    mobile = f"4600{n + (seed if n % 200 == 3 else 0):07}"
    email = f"person{n}@example.com"
    note = '"Town, by the sea"' if chance.random() < 0.02 else "Malmö"
    return f"{key},{email if by_email else ''},{mobile if n % 10 < 4 else ''},{email},{mobile},Åsa Öberg,{note},1\n"


def _once(paths: list[Path], rows: int) -> dict[str, float]:
    """Compare in this process; return its seconds, its peak in MB, and how many lines it wrote."""
    from exports import drift
    from exports import rows as csv_rows
    from tests.bench.memory import peak_of

    cpu, wall = time.process_time(), time.monotonic()
    sides = [drift.Side(csv_rows.of(_chunks(path)), "export_key", ("EmailConsent", "MobileConsent")) for path in paths]
    lines = 0
    with tempfile.TemporaryFile() as to:
        for changes in drift.compare(*sides, counts := drift.Counts(), rows=2 * rows):
            for change in changes:
                to.write(csv_rows.line([change.what, change.key.decode(), change.before.decode(), change.now.decode()]))
            lines += len(changes)
    assert counts.rows == [rows, rows]
    seconds = {"cpu": time.process_time() - cpu, "wall": time.monotonic() - wall}
    return {**seconds, "peak": peak_of("self") / 1e6, "changes": lines}


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
