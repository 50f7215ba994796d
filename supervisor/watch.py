"""The loop: keep all programs alive, then stop them in order."""

from __future__ import annotations

import contextlib
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from supervisor.children import LONGEST_PAUSE, Child, Program
from supervisor.folder import make_private
from supervisor.screen import Screen
from supervisor.undertaker import Undertaker, send

GRACE = 9.0  # seconds from the first signal until whatever is left is killed; ten are promised
# Each stage is asked to stop as soon as the one before it is empty, or at this share of GRACE at the latest.
LATEST = (0.0, 0.05, 0.1, 0.7, 0.8)
MANY_EARLY = 5  # early deaths in a row, after which the reason is shown


class Supervisor:
    """Runs programs until it is told to stop: one loop, one thread, woken by output and by signals."""

    def __init__(
        self,
        data_dir: Path,
        *,
        environment: Mapping[str, str] | None = None,
        out: TextIO = sys.stdout,
        grace: float = GRACE,
        keeps: tuple[int, ...] = (),
    ) -> None:
        self._logs = make_private(make_private(data_dir) / "logs")
        self._environment = environment or {}
        self.screen = Screen(out, self._logs)
        self._grace = grace
        self._children: dict[str, Child] = {}
        self._selector = selectors.DefaultSelector()
        self._asked_at: float | None = None
        self._is_urgent = False
        self._is_stopping = False
        self._wakes, self._waker = socket.socketpair()
        self._wakes.setblocking(False)
        self._waker.setblocking(False)
        self._selector.register(self._wakes, selectors.EVENT_READ)
        self._undertaker = Undertaker(keeps=keeps, grace=min(4.0, grace / 2))

    # ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────

    def install_signal_handlers(self) -> None:
        """Stop on the first SIGINT, SIGTERM or hang-up, kill on the second."""
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.ask_to_stop())
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken

    def ask_to_stop(self) -> None:
        """Ask for an orderly stop; asked again, kill. One keystroke may arrive twice, by way of a wrapper."""
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
        elif now - self._asked_at > 0.3:
            self._is_urgent = True
        self.wake()

    @property
    def is_asked_to_stop(self) -> bool:
        return self._asked_at is not None

    def wake(self) -> None:
        """Have the loop look around now. Safe to call from another thread."""
        with contextlib.suppress(BlockingIOError):
            self._waker.send(b".")

    # ── Doing ────────────────────────────────────────────────────────────────────────────────────────────────────

    def start(self, *programs: Program) -> None:
        """Start programs, each to be kept alive unless it runs `once`."""
        for program in programs:
            self.screen.make_room(program.name)
            self._children[program.name] = child = Child(program, self._logs)
            self._spawn(child)

    def finish(self, program: Program) -> int | None:
        """Run a program to its end and return its exit code, or None when we are asked to stop before."""
        self.start(program)
        child = self._children[program.name]
        self.watch(until=lambda: child.exit_code is not None)
        return child.exit_code

    def watch(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Keep all programs alive until `until()` holds or we are asked to stop."""
        while not self.is_asked_to_stop and not until():
            self._turn()

    def stop(self) -> None:
        """Stop all programs in order, and kill whatever is left after the grace; a second signal kills at once."""
        began, self._is_stopping = time.monotonic(), True
        for child in self._children.values():
            child.start_at = None
        while running := self._running():
            elapsed = time.monotonic() - began
            if elapsed >= self._grace or self._is_urgent:
                self._kill(running)
                break
            lowest = min(child.program.stage for child in running)
            for child in running:
                stage = child.program.stage
                if not child.is_told_to_stop and (stage == lowest or elapsed >= LATEST[stage] * self._grace):
                    child.is_told_to_stop = True
                    # The leader alone: it lets its own workers finish what they hold, as long as the grace lasts.
                    child.living.terminate()
            self._turn(most=0.1)

    def close(self) -> None:
        """Give everything back. Call it last, after `stop`."""
        self._undertaker.dismiss()
        signal.set_wakeup_fd(-1)
        self._selector.close()
        self._wakes.close()
        self._waker.close()

    def tail(self, name: str) -> list[str]:
        """Return the last lines that a program has said."""
        return list(self._children[name].tail)

    def ending(self, name: str) -> str:
        """Return how a program that is over has ended."""
        return self._children[name].ending

    # ── The loop ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _turn(self, most: float = 0.5) -> None:
        """Wait for something to happen, at most that many seconds, and see to it."""
        due = [child.start_at for child in self._children.values() if child.start_at is not None]
        pause = max(0.0, min([most, *(at - time.monotonic() for at in due)]))
        for key, _ in self._selector.select(pause):
            if key.fileobj is self._wakes:
                with contextlib.suppress(BlockingIOError):
                    self._wakes.recv(4096)
        for child in self._children.values():
            self._look_after(child)
        self._undertaker.ensure(child.living.pid for child in self._running())

    def _look_after(self, child: Child) -> None:
        if child.process is not None:
            is_over = child.process.poll() is not None
            for line in child.read(last=is_over):
                self.screen.say(line, who=child.program.name)
            if is_over:
                self._bury(child)
        elif child.start_at is not None and time.monotonic() >= child.start_at:
            self._spawn(child)

    def _spawn(self, child: Child) -> None:
        child.start(self._undertaker, self._environment)
        self._selector.register(child.output, selectors.EVENT_READ)

    def _bury(self, child: Child) -> None:
        self._selector.unregister(child.output)
        pid = child.living.pid
        child.bury()
        self._undertaker.forget(pid)
        if child.program.once or self._is_stopping or self.is_asked_to_stop:
            return
        name, pause = child.program.name, child.plan_restart(time.monotonic())
        if child.early_deaths < MANY_EARLY:
            self.screen.say(f"{name} {child.ending}; starting it again in {pause:.1f} s.")
        elif child.early_deaths == MANY_EARLY:
            times = f"for the {MANY_EARLY}th time in a row"
            self.screen.say(f"{name} will not start: it {child.ending}, {times}. Its last lines:")
            for line in child.tail:
                self.screen.say(line, who=name)
            self.screen.say(f"Trying on, every {LONGEST_PAUSE:.0f} s at most. All it said: {self._logs / name}.log")

    def _kill(self, running: list[Child]) -> None:
        names = ", ".join(child.program.name for child in running)
        self.screen.say(f"Killing what has not stopped: {names}.")
        for child in running:  # all at once, or the later ones would complain of the earlier ones' end
            send(child.living.pid, signal.SIGKILL)
        for child in running:
            child.living.wait()
            self._look_after(child)

    def _running(self) -> list[Child]:
        return [child for child in self._children.values() if child.process is not None]
