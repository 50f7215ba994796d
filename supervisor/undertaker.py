"""The undertaker: no child outlives us, even when we are killed.

Its process runs this file alone, with no package around it, so that it is small and there at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import IO


class Undertaker:
    """A second, tiny process that stops every child when this one is gone without having done so itself.

    It reads from a pipe whose other end is ours alone: when we die, of whatever, the kernel closes it. Each child says
    its own number into that pipe before it becomes what it shall be, so there is no moment in which one is not known.
    """

    def __init__(self, *, keeps: tuple[int, ...] = (), grace: float = 4.0) -> None:
        self._keeps, self._grace = keeps, grace
        self.start()

    def start(self) -> None:
        """Start it. The pipe's end that we write to is not inherited, except as the first input of a child."""
        reads, self.pipe = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(self._grace)],
            stdin=reads,
            pass_fds=self._keeps,
            start_new_session=True,  # whoever kills our whole group does not kill this one
        )
        os.close(reads)

    def ensure(self, pids: Iterable[int]) -> None:
        """Start another one when somebody killed it, and tell it of the children that live."""
        if self._process.poll() is None:
            return
        os.close(self.pipe)
        self.start()
        for pid in pids:
            self._say(f"+{pid}\n")

    def forget(self, pid: int) -> None:
        """Say that a child is over, before its number may come to mean another process."""
        self._say(f"-{pid}\n")

    def dismiss(self) -> None:
        """Let it go home, when no child is left."""
        os.close(self.pipe)
        self._process.wait()

    def _say(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self.pipe, line.encode())


def bury(lines: IO[str], *, grace: float) -> None:
    """Read the numbers of children until the pipe is closed, then stop all that are left with their groups."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    left: set[int] = set()
    for line in lines:
        (left.add if line[0] == "+" else left.discard)(int(line[1:]))
    for pid in left:
        send(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(send(pid, 0) for pid in left):
        time.sleep(0.05)
    for pid in left:
        send(pid, signal.SIGKILL)


def send(group: int, number: int) -> bool:
    """Send a signal to a child's whole process group; return whether there was anybody to take it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        return False
    return True


if __name__ == "__main__":
    bury(sys.stdin, grace=float(sys.argv[1]))
