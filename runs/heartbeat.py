"""The heartbeat of a long step: it holds the claim, tells how far it is, and stops when it is cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from django.conf import settings

from accounts import database
from runs import shutdown
from runs.models import Run

Clock = Callable[[], datetime]


class Stopped(Exception):
    """Somebody asked the run to stop while a long step was under way."""


class HandedOn(Exception):
    """This worker is about to stop, and another takes the step."""


class Heartbeat:
    """Hold the claim during a long step, and say on the page how far it is.

    Raises Stopped when the run is cancelled, HandedOn when the worker is about to stop.
    """

    def __init__(self, run: Run, clock: Clock) -> None:
        self._run, self._clock, self._started = run, clock, time.monotonic()
        self._stage, self._next = "fetching", self._started + 1.0
        self.total: int | None = None  # bytes to come, where the vendor says so
        self.verifying_at: datetime | None = None  # when the last byte was here
        self.fetch_ms = 0

    @property
    def lasted_ms(self) -> int:
        return round((time.monotonic() - self._started) * 1000)

    def __call__(self, stage: str, length: int) -> None:
        if shutdown.is_near():
            raise HandedOn
        if stage == self._stage and time.monotonic() < self._next:
            return
        self._stage, self._next = stage, time.monotonic() + min(settings.RUN_RENEW, 2.0)
        now = self._clock()
        if stage == "verifying" and self.verifying_at is None:
            self.verifying_at, self.fetch_ms = now, self.lasted_ms
        seconds = round(self.lasted_ms / 1000, 1)
        try:
            self._run.renew(stage, now=now, facts={"bytes": length, "total": self.total, "seconds": seconds})
            self.stop_if_asked()
        except database.AWAY:
            # A moment without the database costs no file: the claim is ours until its lease ends.
            if self._run.lease_until is None or now >= self._run.lease_until:
                raise
        finally:
            database.let_go()  # none waits with us for the next piece

    def watch(self, chunks: Iterable[bytes], stage: str, *, before: int = 0) -> Iterator[bytes]:
        """Pass on what is read, and say how much that was; `before` is what was read of other files."""
        read = before
        for chunk in chunks:
            read += len(chunk)
            self(stage, read)
            yield chunk

    def stop_if_asked(self) -> None:
        self._run.refresh_from_db(fields=["cancel_asked_at", "cancel_asked_by"])
        if self._run.cancel_asked_at:
            raise Stopped
