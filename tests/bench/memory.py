"""What a process has used, asked of Linux."""

from __future__ import annotations

import os
from pathlib import Path


def peak_of(process: int | str) -> int:
    """Return the most memory that a process has held since it was started, in bytes.

    Not `ru_maxrss`, which a process inherits from whoever started it.
    """
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def seconds_of(process: int) -> float:
    """Return the processor time that a process has used, its threads included."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_of(process: int) -> list[int]:
    """Return the processes that a process has started and that live."""
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
