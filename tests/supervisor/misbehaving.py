"""Tiny children that misbehave on purpose, and a supervisor to watch over them."""

from __future__ import annotations

import contextlib
import fcntl
import io
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from supervisor.children import Program
from supervisor.watch import Supervisor

# Each child holds a lock on a file of its own, and so do its children: the lock is free when all of them are gone.
ALIVE = """
import fcntl, os, signal, sys, time
held = open(sys.argv[1], "a"); fcntl.flock(held, fcntl.LOCK_EX)
with open(sys.argv[1] + ".starts", "a") as starts: starts.write("%d\\n" % os.getpid())
"""
SLEEPS = "time.sleep(60)"
IGNORES = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
HAS_CHILD = "signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork(); time.sleep(60)"


def child(folder: Path, name: str, body: str = SLEEPS, **more: Any) -> Program:
    return Program(name, (sys.executable, "-S", "-c", ALIVE + textwrap.dedent(body), str(folder / name)), **more)


def starts(folder: Path, name: str) -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        return [int(line) for line in (folder / f"{name}.starts").read_text().splitlines()]
    return []


def is_gone(folder: Path, name: str) -> bool:
    with (folder / name).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def eventually(holds: Callable[[], bool], *, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return held


class Watched:
    """A supervisor whose loop runs until something holds, with what it has printed."""

    def __init__(self, folder: Path, *, grace: float) -> None:
        self.folder, self.out = folder, io.StringIO()
        self.supervisor = Supervisor(folder, out=self.out, grace=grace)

    def until(self, holds: Callable[[], bool], *, within: float = 5.0) -> None:
        deadline = time.monotonic() + within
        self.supervisor.watch(until=lambda: holds() or time.monotonic() > deadline)
        assert holds(), self.said

    def until_up(self, *names: str) -> None:
        self.until(lambda: all(starts(self.folder, name) for name in names))

    @property
    def said(self) -> str:
        return self.out.getvalue()
