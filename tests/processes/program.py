"""One program of a desk, as a real process that a test may kill, suspend, stop and start."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Program:
    """A command with its log; its processes are a group of their own."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    fds: tuple[int, ...] = ()
    user: str | None = None
    cwd: Path = ROOT
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.is_running:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                user=self.user,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=self.fds,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill it -9 with all its children, and wait until it is gone."""
        self._signal(signal.SIGKILL)
        self.wait(10)

    def terminate(self) -> None:
        """Ask it to stop, as the supervisor does: its leader alone. Does not wait."""
        assert self.process is not None
        self.process.terminate()

    def quit(self) -> None:
        """Let it drop everything at once, as a database does when the power fails, and wait until it is gone."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.wait(20)

    def wait(self, seconds: float) -> None:
        """Wait until it is gone. Raises subprocess.TimeoutExpired."""
        if self.process is not None:
            self.process.wait(seconds)
            # A leader that has stopped has stopped its children; should one be left, it must not disturb.
            self._signal(signal.SIGKILL)
            self.process = None

    def suspend(self) -> None:
        """Freeze it with all its children."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on where it was frozen."""
        self._signal(signal.SIGCONT)

    def until_it_says(self, *words: str, within: float = 30.0) -> str:
        """Wait for a line with all these words in its log, and return it."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            for line in self.log.read_text(errors="replace").splitlines():
                if all(word in line for word in words):
                    return line
            if not self.is_running:
                break
            time.sleep(0.05)
        raise AssertionError(f"{self.name} did not say {words}:\n{self.tail()}")

    def tail(self, characters: int = 2_000) -> str:
        """Return the end of its log."""
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _signal(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
