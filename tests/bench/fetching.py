"""Measure the desk against a bare loop: python -m tests.bench fetching [--mb 2000] [--rounds 5]."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import django

from tests.bench import table
from tests.bench.table import Table

if TYPE_CHECKING:
    from tests.bench.desk import Desk, Fetched

MB = 1_000_000
SMALL = 20 * MB
RATIO, SPEED, MEMORY = 0.85, 55.0, 150  # the targets: at least, MB/s at least, MB at most


def main(words: list[str]) -> int:
    """Print the report; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench fetching", description="How fast a large file comes home."
    )
    parser.add_argument("--mb", type=int, default=2000, help="size of the large table, in millions of bytes")
    parser.add_argument("--rounds", type=int, default=5, help="how often each side fetches it, in turn")
    parser.add_argument("--wire", choices=["gzip", "plain", "both"], default="both", help="how the vendor sends it")
    arguments = parser.parse_args(words)
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    large, small = table.made(arguments.mb * MB), table.made(SMALL)
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
        # Before Django is loaded, which reads these.
        os.environ.update(DEMO="1", DATA_DIR=folder, LOG_LEVEL="WARNING", PYTHONWARNINGS="ignore")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
        django.setup()
        from tests.bench import desk

        with desk.broker():
            wires = ["gzip", "plain"] if arguments.wire == "both" else [arguments.wire]
            met = [measure(small, large, wire, arguments.rounds, Path(folder)) for wire in wires]
    return 0 if all(met) else 1


def measure(small: Table, large: Table, wire: str, rounds: int, folder: Path) -> bool:
    """Fetch the large table with both sides in turn, and the small one for its memory; print; say if all is met."""
    from tests.bench import desk

    with desk.vendor(small, compresses=wire == "gzip") as url:
        few = once(desk.Desk(url))
    ours: list[Fetched] = []
    bare: list[Fetched] = []
    with desk.vendor(large, compresses=wire == "gzip") as url:
        anna = desk.Desk(url)
        for number in range(rounds):
            # Whoever goes second may find the machine warmer, so they take turns.
            for is_ours in (True, False) if number % 2 else (False, True):
                (ours if is_ours else bare).append(once(anna) if is_ours else reference(anna, folder))
            if not ours[-1].found == bare[-1].found or ours[-1].rows != large.rows:
                raise desk.Failed(f"the two sides do not agree: {ours[-1]} {bare[-1]}")
    return report(wire, small, large, few, ours, bare)


def once(anna: Desk) -> Fetched:
    """Let a fresh worker of the desk fetch once, so that its peak is that of this file."""
    from tests.bench import desk

    with desk.worker() as pid:
        return anna.fetch(pid)


def reference(anna: Desk, folder: Path) -> Fetched:
    """Let the bare loop fetch once, in a process of its own."""
    from tests.bench import desk

    url, token = anna.address()
    target = folder / "reference.csv"
    try:
        words = [sys.executable, "-m", "tests.bench.reference", url, token, str(target)]
        return desk.Fetched(**json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout))
    finally:
        target.unlink(missing_ok=True)


def report(wire: str, small: Table, large: Table, few: Fetched, ours: list[Fetched], bare: list[Fetched]) -> bool:
    """Print medians and extremes; say if all targets are met."""
    size, sent = large.length / MB, (large.packed_length if wire == "gzip" else large.length) / MB
    width = large.length / large.rows
    print(f"\n{wire}: {size:,.0f} MB ({sent:,.0f} on the wire), {large.rows:,} rows of {width:.0f} bytes")
    speeds = {"desk": [size / run.seconds for run in ours], "bare loop": [size / run.seconds for run in bare]}
    for (name, values), runs in zip(speeds.items(), (ours, bare), strict=True):
        busy, peak = median(run.cpu for run in runs), max(run.peak for run in runs) / MB
        print(f"  {name:<10} {spread(values)} MB/s, {busy:.1f} s of processor, peak {peak:.0f} MB")
    ratios = [mine / theirs for mine, theirs in zip(*speeds.values(), strict=True)]
    busy_ratios = [theirs.cpu / mine.cpu for mine, theirs in zip(ours, bare, strict=True)]
    peak, small_peak = max(run.peak for run in ours) / MB, few.peak / MB
    print(f"  ratio      {spread(ratios)} (wanted {RATIO}; speed {SPEED:.0f} MB/s)")
    # What others do on this machine slows both sides, and unequally; processor time hardly notices.
    print(f"  of processor time {spread(busy_ratios)}")
    print(f"  memory     {peak:.0f} MB here, {small_peak:.0f} MB for {small.length / MB:.0f} MB (at most {MEMORY})")
    return median(ratios) >= RATIO and median(speeds["desk"]) >= SPEED and max(peak, small_peak) <= MEMORY


def spread(values: list[float]) -> str:
    return f"{median(values):7.2f} (min {min(values):.2f}, max {max(values):.2f})"
