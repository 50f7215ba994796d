"""Beat's schedule: what happens every so many seconds. There is nothing to remember between two starts."""

from __future__ import annotations

import time
from typing import Any, NoReturn, cast

from celery.beat import Scheduler, Service
from celery.platforms import signals
from celery.signals import beat_init


class ForgetfulScheduler(Scheduler):
    """Keep the schedule in memory: no schedule file that a kill can leave half written.

    It goes by the machine's own time. Celery's goes by the clock on the wall: set back by an hour, that one would say
    nothing for an hour, and no run would go on.
    """

    is_stopped = False

    def setup_schedule(self) -> None:
        self._due: dict[str, float] = {}
        self.merge_inplace(self.app.conf.beat_schedule)

    def tick(self, *_args: Any, **_more: Any) -> float:
        """Send what is due; return the seconds until something is. Raises SystemExit once beat was asked to stop."""
        for name, entry in self.schedule.items():
            if self.is_stopped:
                raise SystemExit
            if time.monotonic() >= self._due.get(name, 0.0):
                every = cast(Any, entry.schedule).run_every  # ours are all of so many seconds
                self._due[name] = time.monotonic() + every.total_seconds()
                self.apply_entry(entry, producer=self.producer)
        return max(0.0, min(self._due.values()) - time.monotonic())


@beat_init.connect
def stop_when_asked(sender: Service, **kwargs: object) -> None:
    """Answer SIGTERM and SIGINT in Celery's place, which closes the broker's connection before it leaves.

    A signal that comes while a message is being sent would so break the sending, whose error is caught and logged: beat
    would go on for ever. Ours only leaves, and whoever catches even that is told again by the next tick.
    """
    scheduler = cast(ForgetfulScheduler, sender.scheduler)

    def leave(*_signal: object) -> NoReturn:
        scheduler.is_stopped = True
        raise SystemExit

    signals.update(SIGTERM=leave, SIGINT=leave)
