"""A program, and the child that runs it: its process while it lives, its log, its deaths."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import IO, Literal

from supervisor.desk import BASE_DIR
from supervisor.logfile import LogFile
from supervisor.undertaker import Undertaker, send

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0  # seconds before a process that died is started again, doubled each time
SETTLED = 30.0  # seconds alive, after which an earlier death is forgotten
EARLY = 5.0  # a death within this many seconds is an early one

TAIL = 12  # last lines kept of each process, to show when it will not start

# The desk's log lines, in either of their shapes, and those of libraries that speak before it has said how.
_LEVEL = re.compile(r'\blevel=(\w+)|"level": "(\w+)"|\[(DEBUG|INFO|WARNING|ERROR|CRITICAL)\]')
_HUSHED = {"debug", "info"}


class Stage(IntEnum):
    """When a program is stopped. Whatever needs another stops first."""

    WEB = 0  # nobody asks for pages any more
    BEAT = 1  # no new ticks
    WORKERS = 2
    SANDBOX = 3  # then those that the workers talk to
    VALKEY = 4


@dataclass(frozen=True)
class Program:
    """What to run, and when it is stopped in the order of stopping."""

    name: str
    command: tuple[str, ...]
    stage: Stage = Stage.WEB
    once: bool = False  # runs to its end and is not started again
    shows: Literal["all", "trouble", "nothing"] = "trouble"  # of its lines; its log file has them all
    fds: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """One program: its process while it runs, its log, its deaths."""

    def __init__(self, program: Program, logs: Path) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_at: float | None = None  # when it is due to be started (again)
        self.pause = FIRST_PAUSE
        self.early_deaths = 0
        self.is_told_to_stop = False
        self.exit_code: int | None = None
        self.tail: deque[str] = deque(maxlen=TAIL)
        self._rest = b""
        self._is_audible = program.shows == "all"
        self._log = LogFile(logs / f"{program.name}.log")

    @property
    def living(self) -> subprocess.Popen[bytes]:
        """Return the process; to be asked only while there is one."""
        assert self.process is not None
        return self.process

    @property
    def output(self) -> IO[bytes]:
        """Return what the process says; to be asked only while there is one."""
        assert self.living.stdout is not None
        return self.living.stdout

    def start(self, undertaker: Undertaker, environment: Mapping[str, str]) -> None:
        """Start the process in a session of its own: a Ctrl-C at the terminal reaches us alone, and we decide."""
        program = self.program
        self.start_at, self.exit_code, self.is_told_to_stop = None, None, False
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            # The shell says its number to the undertaker and then becomes the program.
            ["/bin/sh", "-c", 'echo "+$$" >&0 && exec "$@" </dev/null', "sh", *program.command],
            cwd=BASE_DIR,
            env={**os.environ, **environment, **program.environment},
            stdin=undertaker.pipe,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=program.fds,
            start_new_session=True,
        )
        os.set_blocking(self.output.fileno(), False)

    def read(self, *, last: bool = False) -> Iterator[str]:
        """Write what the process has said to its log, and yield the lines that a person should see."""
        while True:
            try:
                piece = os.read(self.output.fileno(), 65536)
            except BlockingIOError:
                break
            if not piece:
                break
            *lines, self._rest = (self._rest + piece).split(b"\n")
            if len(self._rest) > 65536:  # no end of line in sight: memory stays flat
                lines, self._rest = [*lines, self._rest], b""
            yield from filter(self._keep, (line.decode(errors="replace").rstrip() for line in lines))
        if last and self._rest:
            line, self._rest = self._rest.decode(errors="replace").rstrip(), b""
            yield from filter(self._keep, [line])

    def _keep(self, line: str) -> bool:
        """Write a line down; return whether to show it. One without a level belongs to the one before it."""
        self._log.write(line)
        self.tail.append(line)
        if self.program.shows == "trouble" and (match := _LEVEL.search(line)):
            self._is_audible = next(filter(None, match.groups())).lower() not in _HUSHED
        return self._is_audible

    def bury(self) -> None:
        """Take note of the end: kill what is left of its group, and close what we hold of it."""
        self.exit_code = self.living.returncode
        send(self.living.pid, signal.SIGKILL)
        self.output.close()
        self.process = None
        self._log.close()

    def plan_restart(self, now: float) -> float:
        """Set when to start again, later after every death; return the pause in seconds."""
        lived = now - self.started_at
        if lived >= SETTLED:
            self.pause, self.early_deaths = FIRST_PAUSE, 0
        self.early_deaths = self.early_deaths + 1 if lived < EARLY else 0
        pause, self.pause = self.pause, min(LONGEST_PAUSE, self.pause * 2)
        self.start_at = now + pause
        return pause

    @property
    def ending(self) -> str:
        assert self.exit_code is not None
        if self.exit_code < 0:
            with contextlib.suppress(ValueError):
                return f"was killed ({signal.Signals(-self.exit_code).name})"
        reason = next((line for line in reversed(self.tail) if line.strip()), "")
        return f"ended with code {self.exit_code}" + (f" ({reason:.200})" if reason and self.exit_code else "")
