"""Measure what docs/benchmarks.md promises: python -m tests.bench [fetching|converting|waiting|…] [options].

Without a name, each in turn, in a process of its own. Ends with 1 when a target is missed.
"""

from __future__ import annotations

import importlib
import subprocess
import sys

BENCHES = {
    "fetching": "a large file, by the desk and by a bare loop in turn",
    "converting": "a workbook, by the desk and by openpyxl in turn; a CSV for Excel; contactable people",
    "drift": "two exports of a million people, compared",
    "events": "an event export made readable, by the desk and by json.load in turn; a workbook beside openpyxl",
    "waiting": "ten thousand runs that wait",
    "downloads": "pages and polls beside twenty downloads",
    "watching": "five hundred open run pages that ask whether anything has changed",
    "range": "a part of a file beside the whole, through gunicorn",
    "lists": "a busy marketer's pages among 100,000 runs",
    "audit": "the audit history's pages over a million events",
    "importing": "a file checked and cut, beside bare csv in turn; passed on unchanged; a workbook beside openpyxl",
    "uploading": "pages beside a large upload",
    "asking": "a look-up beside the vendor's slowest call",
    "drawer": "who is in a hundred downloaded files; ten million people indexed",
    "paint": "every page of the demo in Chromium, until its largest part is painted",
}


def main(words: list[str]) -> int:
    """Run the bench that is named, or all; return the exit code."""
    if words and words[0] in BENCHES:
        return int(importlib.import_module(f"tests.bench.{words[0]}").main(words[1:]))
    if words:
        names = "\n".join(f"  {name:<10} {what}" for name, what in BENCHES.items())
        print(f"There is no bench “{words[0]}”. There are:\n{names}", file=sys.stderr)
        return 2
    missed = []
    for name, what in BENCHES.items():
        print(f"\n══ {name}: {what}", flush=True)
        if subprocess.run([sys.executable, "-m", "tests.bench", name]).returncode:
            missed.append(name)
    print(f"\nTargets missed: {', '.join(missed)}" if missed else "\nAll targets are met.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
